"""Calendars as they come in and go out."""

from datetime import date, datetime
from itertools import pairwise
from typing import Annotated, Final, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.tickets.calendars.hours import Interval
from shared.http.schemas import Model, Name

DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        raise ValueError("is not a time zone of the IANA database, such as Europe/Lisbon") from None
    return value


def _closing(value: str) -> str:
    """Who writes 23:59 means the end of the day, and would else lose a minute of it."""
    return "24:00" if value == "23:59" else value


def minute_of(wall: str) -> int:
    hours, minutes = wall.split(":")
    return int(hours) * 60 + int(minutes)


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_time_zone)]
Opening = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Closing = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"), AfterValidator(_closing)]


class OpenInterval(Model):
    """From `opens` up to `closes`, on the wall of the calendar's time zone. `24:00` is the end of the day, and so is
    `23:59`. What goes on past midnight is two intervals."""

    opens: Opening = Field(examples=["09:00"])
    closes: Closing = Field(examples=["17:30"])

    @model_validator(mode="after")
    def refuse_what_closes_before_it_opens(self) -> Self:
        if minute_of(self.closes) <= minute_of(self.opens):
            raise ValueError("closes before it opens; write hours past midnight as two intervals, up to 24:00 and on")
        return self

    @property
    def minutes(self) -> Interval:
        return minute_of(self.opens), minute_of(self.closes)


def _apart(intervals: list[OpenInterval]) -> list[OpenInterval]:
    intervals = sorted(intervals, key=lambda interval: interval.minutes)
    for one, next_one in pairwise(intervals):
        if next_one.opens < one.closes:
            raise ValueError(
                f"{one.opens}–{one.closes} and {next_one.opens}–{next_one.closes} overlap; let the first end where "
                "the second begins, or make them one"
            )
    return intervals


DayHours = Annotated[list[OpenInterval], Field(max_length=24), AfterValidator(_apart)]


class Week(Model):
    """Open intervals of each day; a day that is left out is closed."""

    monday: DayHours = Field(default_factory=list)
    tuesday: DayHours = Field(default_factory=list)
    wednesday: DayHours = Field(default_factory=list)
    thursday: DayHours = Field(default_factory=list)
    friday: DayHours = Field(default_factory=list)
    saturday: DayHours = Field(default_factory=list)
    sunday: DayHours = Field(default_factory=list)

    @model_validator(mode="after")
    def refuse_a_week_that_never_opens(self) -> Self:
        if not any(self.days()):
            raise ValueError("a calendar that is never open would stop every clock for good; give it some hours")
        return self

    def days(self) -> list[list[OpenInterval]]:
        """From Monday on."""
        return [getattr(self, day) for day in DAYS]


class PublicHolidays(Model):
    """Of a country (ISO 3166-1), and of a part of it (ISO 3166-2, without the country)."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = Field(examples=["DE"])
    region: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9 -]{1,40}$")] | None = Field(None, examples=["BY"])


class OwnDate(Model):
    """A date on which the week does not hold: closed or, with `hours`, open then. It comes before any holiday."""

    date: date
    name: Name
    hours: DayHours = Field(default_factory=list)


class CalendarIn(Model):
    """The whole calendar. `feed_url`: an iCalendar feed, whose all-day events are holidays; it is read once a day."""

    name: Name
    timezone: TimeZone = Field(examples=["Europe/Lisbon"])
    week: Week
    holidays: list[PublicHolidays] = Field(default_factory=list, max_length=10)
    dates: list[OwnDate] = Field(default_factory=list, max_length=1_000)
    feed_url: str | None = Field(None, max_length=2_000)
    is_default: bool = Field(False, description="The one for policies that name none. The first calendar is it.")

    @model_validator(mode="after")
    def refuse_a_date_given_twice(self) -> Self:
        seen: set[date] = set()
        for own in self.dates:
            if own.date in seen:
                raise ValueError(f"{own.date} is among the dates twice")
            seen.add(own.date)
        return self


class FeedOut(Model):
    """`read_at`: when it was read last; `problem`: why that did not work, and then what was read before it holds."""

    url: str
    read_at: datetime | None
    problem: str | None
    dates: int


class CalendarOut(Model):
    id: UUID
    name: str
    timezone: str
    week: Week
    holidays: list[PublicHolidays]
    dates: list[OwnDate]
    feed: FeedOut | None
    is_default: bool
    version: int
    created_at: datetime
    updated_at: datetime


class HolidayOut(Model):
    """`hours` is empty if it is closed all day; `source` says who made it so."""

    date: date
    name: str
    hours: list[OpenInterval]
    source: Literal["own", "feed", "public"]


class Holidays(Model):
    data: list[HolidayOut]


class CalendarVersionOut(Model):
    """`special_dates`: how many dates this version treats apart from its week. `actor` is who or what made it."""

    version: int
    created_at: datetime
    actor: str
    timezone: str
    week: Week
    special_dates: int
