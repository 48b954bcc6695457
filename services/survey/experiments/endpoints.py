"""`/v1/surveys/{id}/experiments`: which way of asking works better."""

from uuid import UUID

from services.survey.experiments import service as experiments
from services.survey.experiments.models import StoredExperiment
from services.survey.experiments.schemas import Experiment, ExperimentOut
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/surveys/{survey_id}/experiments", tags=["asking"])


@router.post("", status_code=201)
async def start_experiment(survey_id: UUID, body: Experiment, work: SurveysWrite) -> ExperimentOut:
    """Compare ways of asking, from now on. Each customer is drawn into one when first asked, and stays there."""
    survey = await surveys.read_to_change(work, survey_id)
    stored = await experiments.create(work, survey, body)
    await work.session.flush()
    return await _out(work, stored)


@router.get("")
async def list_experiments(survey_id: UUID, work: SurveysRead, page: PageQuery) -> Page[ExperimentOut]:
    """Newest first."""
    await surveys.read(work, survey_id)
    keys = (StoredExperiment.created_at.desc(), StoredExperiment.id.desc())
    found: Page[StoredExperiment] = await paginate(work.session, experiments.listed(work, survey_id), page, keys=keys)
    shown = {stored.id: await _out(work, stored) for stored in found.data}
    return found.map(lambda stored: shown[stored.id])


@router.get("/{experiment_id}")
async def get_experiment(survey_id: UUID, experiment_id: UUID, work: SurveysRead) -> ExperimentOut:
    return await _out(work, await experiments.read(work, survey_id, experiment_id))


@router.post("/{experiment_id}/end")
async def end_experiment(survey_id: UUID, experiment_id: UUID, work: SurveysWrite) -> ExperimentOut:
    """From now on everybody is asked as the survey itself asks. Who was assigned stays so, for the numbers."""
    await surveys.read_to_change(work, survey_id)
    return await _out(work, await experiments.end(work, survey_id, experiment_id))


async def _out(work: Work, stored: StoredExperiment) -> ExperimentOut:
    own = {name: getattr(stored, name) for name in ("id", "survey_id", "created_at", "ended_at")}
    return ExperimentOut(**stored.document, **own, assigned=await experiments.counts(work, stored))
