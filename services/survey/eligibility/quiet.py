"""Quiet hours: a message does not leave while it is night for its reader. It is not dropped, it waits."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from services.survey.policies.schemas import QuietHours

_ROUNDS = 10


def zone_of(*names: str | None) -> tzinfo:
    """The first of these IANA names that this machine knows; UTC if it knows none."""
    for name in names:
        if name:
            try:
                return ZoneInfo(name)
            except (KeyError, OSError, ValueError):
                continue
    return UTC


def earliest(moment: datetime, quiet_hours: list[QuietHours], channel: str, zone: tzinfo) -> datetime:
    """`moment`, or the end of the quiet hours it falls into, in UTC. A link that is passed on by hand never waits."""
    if channel == "link":
        return moment
    mine = [quiet for quiet in quiet_hours if quiet.channel in (None, channel)]
    if not mine:
        return moment
    for _ in range(_ROUNDS):  # one may end where another begins; together they might cover the day
        ends = [end for quiet in mine if (end := _end_of(quiet, moment, zone)) is not None]
        if not ends:
            break
        moment = max(ends)
    return moment


def _end_of(quiet: QuietHours, moment: datetime, zone: tzinfo) -> datetime | None:
    local = moment.astimezone(zone)
    at = local.time().replace(tzinfo=None)
    over_midnight = quiet.start > quiet.end
    is_quiet = (at >= quiet.start or at < quiet.end) if over_midnight else quiet.start <= at < quiet.end
    if not is_quiet:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and at >= quiet.start else local.date()
    end = datetime.combine(day, quiet.end, zone).astimezone(UTC)
    # Where clocks were put forward over the end of the quiet hours, they end with the jump.
    return max(end, moment)
