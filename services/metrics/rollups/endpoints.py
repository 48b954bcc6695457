"""Counting the facts again, for operators."""

from datetime import datetime
from typing import Annotated, Literal

from services.metrics.rollups import rebuilding
from services.metrics.rollups.models import Generation
from services.metrics.scores.auth import MetricsRead
from shared.http.dependencies import work_with
from shared.http.errors import NotFound
from shared.http.routing import APIRouter
from shared.http.schemas import Model
from shared.work import Work

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

MetricsWrite = Annotated[Work, work_with("metrics:write")]


class NothingCounted(NotFound):
    """Nothing has been counted yet."""


class Rebuild(Model):
    """All facts, counted again by the days of `time_zone`. While it is `building`, answers come from what was there.

    `counted` of about `expected` facts are in it. `corrected` is how many cells the one before had wrong, in a healthy
    system 0; null until it is `done`, and if the one before had other days.
    """

    state: Literal["building", "done"]
    time_zone: str
    counted: int
    expected: int
    corrected: int | None
    started_at: datetime
    finished_at: datetime | None


@router.post("/rebuild", status_code=202)
async def rebuild_rollups(work: MetricsWrite) -> Rebuild:
    """Count all facts of the account again, beside what answers come from, which it then replaces."""
    return _shown(await rebuilding.start(work))


@router.get("/rebuild")
async def read_rebuild(work: MetricsRead) -> Rebuild:
    """How far the last one is: after `POST`, or because the account's time zone changed."""
    generation = await rebuilding.newest(work)
    if generation is None:
        raise NothingCounted
    return _shown(generation)


def _shown(generation: Generation) -> Rebuild:
    return Rebuild(
        state="building" if generation.state == "building" else "done",
        time_zone=generation.time_zone,
        counted=generation.counted,
        expected=generation.expected,
        corrected=generation.corrected,
        started_at=generation.started_at,
        finished_at=generation.finished_at,
    )
