"""Times as people write them, in the languages that the built-in templates speak."""

from datetime import UTC, datetime, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_DAYS: Final = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
_MONTHS: Final = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
}  # fmt: skip


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
    local = moment.astimezone(zone)
    name, month = _DAYS[locale][local.weekday()], _MONTHS[locale][local.month - 1]
    return f"{name}, {local.day}. {month}" if locale == "de" else f"{name}, {local.day} {month}"


def moment(instant: datetime, locale: str, zone: tzinfo) -> str:
    """`Tuesday, 3 March, 14:00 CET` or `Dienstag, 3. März, 14:00 Uhr (CET)`."""
    local = instant.astimezone(zone)
    clock, abbreviation = f"{local:%H:%M}", _spoken(zone, local.tzname() or "UTC")
    if locale == "de":
        return f"{day(instant, locale, zone)}, {clock} Uhr ({abbreviation})"
    return f"{day(instant, locale, zone)}, {clock} {abbreviation}"


def _spoken(zone: tzinfo, abbreviation: str) -> str:
    """Where a zone has no letters, such as `-03`, its city: `Sao Paulo`."""
    if abbreviation.isalpha() or not isinstance(zone, ZoneInfo) or not zone.key:
        return abbreviation
    return zone.key.rsplit("/", 1)[-1].replace("_", " ")
