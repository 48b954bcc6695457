"""A window of whole days of the account, for what is not asked as a metric."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from services.metrics.scores.auth import MetricsRead
from services.metrics.scores.days import Calendar, calendar_of
from services.metrics.scores.selection import Day, whole_day
from shared.http.errors import Unacceptable

USUAL_DAYS: Final = 365


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to before `end`, in days of the calendar."""

    start: date
    end: date
    calendar: Calendar

    @property
    def start_time(self) -> datetime:
        return self.calendar.begin(self.start)

    @property
    def end_time(self) -> datetime:
        return self.calendar.begin(self.end)


def _window(usual_days: int) -> Callable[..., Awaitable[Window]]:
    first = f"First day; {usual_days} days before `to` if left out."

    async def window(
        work: MetricsRead,
        from_: Annotated[Day | None, Query(alias="from", description=first)] = None,
        to: Annotated[Day | None, Query(description="First day not counted; tomorrow if left out.")] = None,
    ) -> Window:
        calendar = await calendar_of(work)
        end = whole_day(to, calendar, "to") or calendar.today(work.now) + timedelta(days=1)
        start = whole_day(from_, calendar, "from") or end - timedelta(days=usual_days)
        if start >= end:
            raise Unacceptable.field("query:from", "empty_window", "`from` must be before `to`, which is not counted.")
        return Window(start, end, calendar)

    return window


WindowQuery = Annotated[Window, Depends(_window(USUAL_DAYS))]
LongWindowQuery = Annotated[Window, Depends(_window(2 * USUAL_DAYS))]
