"""`/v1/improvements/{improvement_id}/effect`: what changed since an improvement."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from services.metrics.improvements import service as improvements
from services.metrics.improvements.schemas import EffectOut
from services.metrics.scores.auth import MetricsRead, minimum_for
from shared.contracts.metrics import MetricName
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/improvements", tags=["metrics"])

Days = Annotated[int, Query(ge=1, le=366, description="How many whole days before and after.")]
Which = Annotated[MetricName | None, Query(description="The one that was expected to change, if left out.")]


@router.get("/{improvement_id}/effect")
async def read_effect(
    improvement_id: UUID, work: MetricsRead, request: Request, metric: Which = None, days: Days = 28
) -> EffectOut:
    """The metric before and after the improvement was shipped, and whether the difference is more than noise."""
    return await improvements.effect(work, improvement_id, metric, days, minimum=await minimum_for(work, request))
