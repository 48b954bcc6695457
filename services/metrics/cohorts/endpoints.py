"""`/v1/cohorts`: how many of those who began together stay, and how long."""

from typing import Annotated

from fastapi import Query

from services.metrics.cohorts import service as cohorts
from services.metrics.cohorts import survivals
from services.metrics.cohorts.schemas import CohortsAnswer, Interval, SurvivalAnswer
from services.metrics.cohorts.staying import Group
from services.metrics.scores.auth import MetricsRead
from services.metrics.worth.schemas import Beginning
from services.metrics.worth.window import WindowQuery
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/cohorts", tags=["worth"])

# Of cohorts in one answer.
MOST_DAYS = {"week": 2 * 366, "month": 10 * 366}

Starts = Annotated[
    list[Beginning], Query(max_length=2, description="What makes a customer; the account's own rule if left out.")
]


@router.get("")
async def read_cohorts(
    work: MetricsRead,
    window: WindowQuery,
    starts_with: Starts = [],  # noqa: B006
    interval: Interval = "month",
    periods: Annotated[int, Query(ge=1, le=120, description="How many after its own, for each cohort.")] = 12,
) -> CohortsAnswer:
    """Customers by when they began, and what share of each cohort is active in each period since.

    By whole weeks (from Monday) or months of the account. What an account calls active is its `/v1/worth-policy`.
    """
    if (window.end - window.start).days > MOST_DAYS[interval]:
        detail = f"At most {MOST_DAYS[interval]} days of cohorts by {interval}; choose a shorter window."
        raise Unacceptable.field("query:from", "too_many_periods", detail)
    return await cohorts.answer(work, starts=starts_with, interval=interval, window=window, most=periods)


@router.get("/survival")
async def read_survival(
    work: MetricsRead,
    window: WindowQuery,
    by: Annotated[Group | None, Query(description="What customers are told apart by; groups are tested.")] = None,
) -> SurvivalAnswer:
    """Of customers who began in the window, what share stays beyond each day, those who are still there included.

    By `source` and `touchpoint` of their first activity; by `nps` group and `channel` of their first NPS answer, from
    which on they are followed then.
    """
    return await survivals.answer(work, by, window)
