"""What a version of a calendar says, with every special date spelt out: nothing that could change is looked up later,
so a clock that was read today is read the same in a year."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.tickets.calendars.hours import BusinessHours, SpecialDay
from services.tickets.calendars.schemas import DAYS, CalendarIn, PublicHolidays, Week, minute_of
from shared.http.errors import Unacceptable

# Years before and after the present one whose public holidays are spelt out; the later ones come when time goes on.
YEARS_BEFORE: Final = 2
YEARS_AFTER: Final = 10

OWN, FEED, PUBLIC = "own", "feed", "public"


def content_of(spec: CalendarIn, feed_dates: Mapping[str, str], year: int) -> dict[str, Any]:
    """`special` maps a date to its name, its hours and its source. What is said later here counts more.

    Raises `Unacceptable` for a country or region that has no holidays. Slow the first time: the tables are large.
    """
    special: dict[str, dict[str, Any]] = {}
    for index, wanted in enumerate(spec.holidays):
        for day, name in _public(wanted, year, f"/holidays/{index}").items():
            special[day.isoformat()] = {"name": name, "hours": [], "source": PUBLIC}
    for text, name in feed_dates.items():
        special[text] = {"name": name, "hours": [], "source": FEED}
    for own in spec.dates:
        hours = [interval.model_dump() for interval in own.hours]
        special[own.date.isoformat()] = {"name": own.name, "hours": hours, "source": OWN}
    return {"timezone": spec.timezone, "week": spec.week.model_dump(), "special": dict(sorted(special.items()))}


def hours_of(content: Mapping[str, Any]) -> BusinessHours:
    """Ready to count with."""
    week = Week.model_validate(content["week"])
    special = {
        date.fromisoformat(text): SpecialDay(
            day["name"], tuple((minute_of(one["opens"]), minute_of(one["closes"])) for one in day["hours"])
        )
        for text, day in content["special"].items()
    }
    intervals = [[interval.minutes for interval in getattr(week, day)] for day in DAYS]
    return BusinessHours(ZoneInfo(content["timezone"]), intervals, special.get)


def _public(wanted: PublicHolidays, year: int, pointer: str) -> Mapping[date, str]:
    # Importing it takes a second, which only those spend who want holidays.
    import holidays

    regions = holidays.list_supported_countries().get(wanted.country)
    if regions is None:
        detail = f"No public holidays are known of {wanted.country}. Put the dates under `dates`, or name a feed."
        raise Unacceptable.field(f"{pointer}/country", "unknown_country", detail)
    if wanted.region is not None and wanted.region not in regions:
        there = ", ".join(sorted(regions)) or "none"
        detail = f"{wanted.country} has no region {wanted.region} with holidays of its own. There are: {there}."
        raise Unacceptable.field(f"{pointer}/region", "unknown_region", detail)
    years = range(year - YEARS_BEFORE, year + YEARS_AFTER + 1)
    return dict(holidays.country_holidays(wanted.country, subdiv=wanted.region, years=years, language="en_US"))
