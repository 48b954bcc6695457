"""Which feedback a question is about: a window of whole days, filters, and what to tell apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query
from pydantic import PlainValidator, WithJsonSchema

from shared.http.dependencies import RuntimeDep
from shared.http.errors import Unacceptable

TIME_ZONE: Final = "UTC"
USUAL_DAYS = 90
MOST_PERIODS = 1_000
EARLIEST, LATEST = 1900, 2200


class By(StrEnum):
    """What answers can be told apart by."""

    CHANNEL = "channel"
    TOUCHPOINT = "touchpoint"
    SURVEY = "survey"
    JOURNEY_STAGE = "journey_stage"

    @property
    def column(self) -> str:
        return "survey_id" if self is By.SURVEY else self.value


class Period(StrEnum):
    """How long the periods of a series are. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    TOTAL = "total"


def _day(value: Any) -> date:
    """Counted by whole days, so a time of day other than midnight UTC cannot be answered exactly."""
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError("is not a date such as 2026-03-01") from None
    if not EARLIEST <= moment.year < LATEST:
        raise ValueError(f"is not between the years {EARLIEST} and {LATEST}")
    if moment.tzinfo is None and len(value) > len("2026-03-01"):
        raise ValueError("needs a time zone: 2026-03-01T00:00:00Z, or only the date")
    moment = moment.astimezone(UTC) if moment.tzinfo else moment
    if moment.time() != time(0):
        raise ValueError("is not the start of a day in UTC; scores are counted by whole days")
    return moment.date()


Day = Annotated[date, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Names = Annotated[list[str], Query(max_length=50)]


@dataclass(frozen=True, slots=True)
class Selection:
    """Feedback from `start` (included) to `end` (excluded) that has, for each filter, one of its values."""

    start: date
    end: date
    filters: Mapping[By, Sequence[Any]]

    @property
    def start_time(self) -> datetime:
        return datetime.combine(self.start, time(0), UTC)

    @property
    def end_time(self) -> datetime:
        return datetime.combine(self.end, time(0), UTC)

    def periods(self, period: Period) -> list[tuple[date, date]]:
        """The periods of the window in order, the first and the last cut to it. Raises `Unacceptable` if too many."""
        found, start = [], self.start
        while start < self.end:
            end = min(_next(start, period) or self.end, self.end)
            found.append((start, end))
            if len(found) > MOST_PERIODS:
                detail = f"More than {MOST_PERIODS} periods; choose a longer interval or a shorter window."
                raise Unacceptable.field("query:interval", "too_many_periods", detail)
            start = end
        return found


def _next(day: date, period: Period) -> date | None:
    """The first day of the next period."""
    if period is Period.DAY:
        return day + timedelta(days=1)
    if period is Period.WEEK:
        return day + timedelta(days=7 - day.weekday())
    if period is Period.MONTH:
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return None


def selection(
    runtime: RuntimeDep,
    from_: Annotated[Day | None, Query(alias="from", description="First day; 90 days before `to` if left out.")] = None,
    to: Annotated[Day | None, Query(description="First day not counted; tomorrow if left out.")] = None,
    channel: Annotated[Names, Query(alias="filter[channel]")] = [],  # noqa: B006
    touchpoint: Annotated[Names, Query(alias="filter[touchpoint]")] = [],  # noqa: B006
    survey: Annotated[list[UUID], Query(alias="filter[survey]", max_length=50)] = [],  # noqa: B006
    journey_stage: Annotated[Names, Query(alias="filter[journey_stage]")] = [],  # noqa: B006
) -> Selection:
    tomorrow = runtime.clock.now().astimezone(UTC).date() + timedelta(days=1)
    end = to or tomorrow
    start = from_ or end - timedelta(days=USUAL_DAYS)
    if start >= end:
        raise Unacceptable.field("query:from", "empty_window", "`from` must be before `to`, which is not counted.")
    filters: dict[By, Sequence[Any]] = {
        By.CHANNEL: channel,
        By.TOUCHPOINT: touchpoint,
        By.SURVEY: survey,
        By.JOURNEY_STAGE: journey_stage,
    }
    return Selection(start, end, {by: values for by, values in filters.items() if values})


SelectionQuery = Annotated[Selection, Depends(selection)]
