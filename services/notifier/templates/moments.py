"""Times as people write them, in the languages that the built-in templates speak."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from services.notifier.templates.texts import words_of


def zone_of(*names: str | None) -> tzinfo:
    """The first of these IANA names that this machine knows; UTC if it knows none."""
    for name in names:
        if name:
            try:
                return ZoneInfo(name)
            except (KeyError, OSError, ValueError):  # unknown, a folder, or no name at all
                continue
    return UTC


def day(moment: datetime, locale: str, zone: tzinfo) -> str:
    """`Tuesday, 3 March` or `Dienstag, 3. März`."""
    local, words = moment.astimezone(zone), words_of(locale)
    form: str = words["day"]
    return form.format(weekday=words["days"][local.weekday()], day=local.day, month=words["months"][local.month - 1])


def moment(instant: datetime, locale: str, zone: tzinfo) -> str:
    """`Tuesday, 3 March, 14:00 CET` or `Dienstag, 3. März, 14:00 Uhr (CET)`."""
    local = instant.astimezone(zone)
    form: str = words_of(locale)["moment"]
    abbreviation = _spoken(zone, local.tzname() or "UTC")
    return form.format(day=day(instant, locale, zone), clock=f"{local:%H:%M}", zone=abbreviation)


def _spoken(zone: tzinfo, abbreviation: str) -> str:
    """Where a zone has no letters, such as `-03`, its city: `Sao Paulo`."""
    if abbreviation.isalpha() or not isinstance(zone, ZoneInfo) or not zone.key:
        return abbreviation
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")
