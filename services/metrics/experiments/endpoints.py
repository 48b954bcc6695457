"""`/v1/experiments`: what is tried, who gets what, and what came of it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.metrics.experiments import results as read_outs
from services.metrics.experiments import service as experiments
from services.metrics.experiments.models import StoredExperiment
from services.metrics.experiments.plans import plan_of, shares
from services.metrics.experiments.results_schemas import ResultsOut
from services.metrics.experiments.schemas import AssignmentOut, ExperimentOut, NewExperiment, PlanOut
from services.metrics.scores.auth import MetricsRead
from services.metrics.worth.auth import MetricsWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/experiments", tags=["experiments"])


@router.get("")
async def list_experiments(work: MetricsRead, page: PageQuery) -> Page[ExperimentOut]:
    """The newest first."""
    keys = (StoredExperiment.created_at.desc(), StoredExperiment.id.desc())
    found = await paginate(work.session, experiments.listed(work), page, keys=keys)
    told = {stored.id: await _told(work, stored) for stored in found.data}
    return found.map(lambda stored: told[stored.id])


@router.post("", status_code=201)
async def draft_experiment(body: NewExperiment, work: MetricsWrite, response: Response) -> ExperimentOut:
    """Nobody is in it before it starts."""
    made = await experiments.draft(work, body)
    set_etag(response, made.version)
    return await _told(work, made)


@router.post("/plan")
async def plan_experiment(body: NewExperiment, work: MetricsRead) -> PlanOut:
    """How many customers it would need; nothing is kept."""
    return plan_of(body)


@router.get("/{experiment_id}")
async def read_experiment(experiment_id: UUID, work: MetricsRead, response: Response) -> ExperimentOut:
    """With how many customers are in each arm."""
    found = await experiments.read(work, experiment_id)
    set_etag(response, found.version)
    return await _told(work, found)


@router.put("/{experiment_id}")
async def replace_experiment(
    experiment_id: UUID, body: NewExperiment, work: MetricsWrite, if_match: IfMatch, response: Response
) -> ExperimentOut:
    """Only before it starts."""
    found = await experiments.replace(work, experiment_id, body, expected=if_match)
    set_etag(response, found.version)
    return await _told(work, found)


@router.delete("/{experiment_id}", status_code=204)
async def delete_experiment(experiment_id: UUID, work: MetricsWrite, if_match: IfMatch) -> None:
    """With who was in it; not while it runs."""
    await experiments.delete(work, experiment_id, expected=if_match)


@router.post("/{experiment_id}/start")
async def start_experiment(experiment_id: UUID, work: MetricsWrite, response: Response) -> ExperimentOut:
    """Customers get into it from now on, and what it asks never changes again."""
    found = await experiments.start(work, experiment_id)
    set_etag(response, found.version)
    return await _told(work, found)


@router.post("/{experiment_id}/stop")
async def stop_experiment(experiment_id: UUID, work: MetricsWrite, response: Response) -> ExperimentOut:
    """Nobody gets into it any more; who was in it for too short a time by now does not count."""
    found = await experiments.stop(work, experiment_id)
    set_etag(response, found.version)
    return await _told(work, found)


@router.get("/{experiment_id}/assignment")
async def read_assignment(
    experiment_id: UUID,
    work: MetricsWrite,
    customer_id: Annotated[UUID, Query(description="Whom to ask for. The first time draws the lot, for good.")],
) -> AssignmentOut:
    """Which variant a customer gets, for systems that show it. It needs `metrics:write`, because it is remembered."""
    return await experiments.assignment(work, experiment_id, customer_id)


@router.get("/{experiment_id}/results")
async def read_results(experiment_id: UUID, work: MetricsRead) -> ResultsOut:
    """What it has shown so far, by the method that was chosen before the start, and how sure that is."""
    return await read_outs.results(work, await experiments.read(work, experiment_id))


async def _told(work: Work, stored: StoredExperiment) -> ExperimentOut:
    experiment = experiments.experiment_of(stored)
    arms = dict.fromkeys(shares(experiment), 0)
    state = "stopped" if stored.stopped_at else "running" if stored.started_at else "draft"
    counted = await experiments.counts(work, experiments.lots_of(stored)) if stored.started_at else {}
    return ExperimentOut.model_validate(
        experiment.model_dump()
        | {name: getattr(stored, name) for name in ("id", "version", "created_at", "updated_at")}
        | {"started_at": stored.started_at, "stopped_at": stored.stopped_at, "state": state}
        | {"planned": plan_of(experiment).model_dump(), "assigned": arms | counted}
    )
