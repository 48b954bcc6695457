"""Checking the rollups against the facts, for operators."""

from typing import Annotated

from services.metrics.rollups.counting import rebuild
from shared.http.dependencies import work_with
from shared.http.routing import APIRouter
from shared.http.schemas import Model
from shared.work import Work

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

MetricsWrite = Annotated[Work, work_with("metrics:write")]


class Rebuilt(Model):
    """`corrected` is how many cells did not agree with the facts; in a healthy system it is 0."""

    corrected: int


@router.post("/rebuild")
async def rebuild_rollups(work: MetricsWrite) -> Rebuilt:
    """Count all facts of the account again, and put right what differs."""
    return Rebuilt(corrected=await rebuild(work))
