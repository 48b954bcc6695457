"""`/v1/surveys/{id}/runs`: asking many."""

from uuid import UUID

from services.survey.runs import service as runs
from services.survey.runs.models import Run
from services.survey.runs.schemas import NewRun, RunOut
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/surveys/{survey_id}/runs", tags=["invitations"])


@router.post("", status_code=201)
async def start_run(survey_id: UUID, body: NewRun, work: SurveysWrite) -> RunOut:
    """Ask a segment or a long list, now or later. Answers at once; look at the run for its progress."""
    survey = await surveys.read(work, survey_id)
    run = await runs.start(
        work,
        survey,
        segment_id=body.segment_id,
        customer_ids=body.customer_ids or (),
        channel=body.channel,
        send_at=body.send_at,
        days=body.expires_in_days,
    )
    return RunOut.model_validate(run)


@router.get("")
async def list_runs(survey_id: UUID, work: SurveysRead, page: PageQuery) -> Page[RunOut]:
    """Newest first."""
    await surveys.read(work, survey_id)
    keys = (Run.created_at.desc(), Run.id.desc())
    found: Page[Run] = await paginate(work.session, runs.listed(work, survey_id), page, keys=keys)
    return found.map(RunOut.model_validate)


@router.get("/{run_id}")
async def get_run(survey_id: UUID, run_id: UUID, work: SurveysRead) -> RunOut:
    """How far it is: `invited` and `refused` of `customers`."""
    return RunOut.model_validate(await runs.read(work, survey_id, run_id))


@router.post("/{run_id}/cancel")
async def cancel_run(survey_id: UUID, run_id: UUID, work: SurveysWrite) -> RunOut:
    """Stop it between two pieces. Whoever was asked stays asked."""
    return RunOut.model_validate(await runs.cancel(work, survey_id, run_id))
