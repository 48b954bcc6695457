"""`/v1/cohorts`: how many of those who began together stay."""

from datetime import UTC, timedelta
from typing import Annotated

from fastapi import Query

from services.metrics.cohorts import service as cohorts
from services.metrics.cohorts.schemas import CohortsAnswer, Interval
from services.metrics.scores.auth import MetricsRead
from services.metrics.scores.selection import Day
from services.metrics.worth.schemas import Beginning
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/cohorts", tags=["worth"])

USUAL_DAYS = 365
# Of cohorts in one answer.
MOST_DAYS = {"week": 2 * 366, "month": 10 * 366}

Starts = Annotated[
    list[Beginning], Query(max_length=2, description="What makes a customer; the account's own rule if left out.")
]
From = Annotated[Day | None, Query(alias="from", description="First day; a year before `to` if left out.")]
To = Annotated[Day | None, Query(description="First day not counted; tomorrow if left out.")]


@router.get("")
async def read_cohorts(
    work: MetricsRead,
    starts_with: Starts = [],  # noqa: B006
    interval: Interval = "month",
    from_: From = None,
    to: To = None,
    periods: Annotated[int, Query(ge=1, le=120, description="How many after its own, for each cohort.")] = 12,
) -> CohortsAnswer:
    """Customers by when they began, and what share of each cohort is active in each period since.

    By whole weeks (from Monday) or months in UTC. What an account calls active is its `/v1/worth-policy`.
    """
    end = to or work.now.astimezone(UTC).date() + timedelta(days=1)
    start = from_ or end - timedelta(days=USUAL_DAYS)
    if start >= end:
        raise Unacceptable.field("query:from", "empty_window", "`from` must be before `to`, which is not counted.")
    if (end - start).days > MOST_DAYS[interval]:
        detail = f"At most {MOST_DAYS[interval]} days of cohorts by {interval}; choose a shorter window."
        raise Unacceptable.field("query:from", "too_many_periods", detail)
    return await cohorts.answer(work, starts=starts_with, interval=interval, start=start, end=end, most=periods)
