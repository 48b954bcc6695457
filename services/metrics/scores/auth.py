"""Who may read metrics, and who the answers behind them."""

from typing import Annotated

from fastapi import Request

from services.metrics.privacy import policy
from shared.http.dependencies import principal_of, work_with
from shared.work import Work

MetricsRead = Annotated[Work, work_with("metrics:read")]
ANSWERS = "feedback:read"


async def minimum_for(work: Work, request: Request) -> int:
    """From how many answers on the caller sees their score; 0 for those who may read each of them anyway."""
    return 0 if ANSWERS in principal_of(request).scopes else (await policy.read(work))[0].minimum
