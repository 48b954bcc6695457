"""`/v1/attempts`: who saw a survey, began it, left it, and at which question."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.survey.attempts import service as attempts
from services.survey.attempts.models import Attempt
from services.survey.attempts.schemas import AttemptOut, AttemptState, Observation
from services.survey.attempts.service import Observed
from services.survey.responses.auth import ResponsesRead, ResponsesWrite
from services.survey.surveys.published import PublishedSurvey, published_surveys
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import RuntimeDep
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter
from shared.http.schemas import Moment

router = APIRouter(prefix="/v1/attempts", tags=["attempts"])


@router.post("")
async def observe_attempt(body: Observation, work: ResponsesWrite, runtime: RuntimeDep) -> AttemptOut:
    """Say how far somebody came. The same submission id, here and with its response, is the same attempt."""
    survey = await published_surveys(runtime).open(work.account_id, body.survey_id)
    return attempts.shown(await attempts.observe(work, observed_in(body, survey)))


@router.get("")
async def list_attempts(
    work: ResponsesRead,
    page: PageQuery,
    survey_id: Annotated[UUID | None, Query(description="Only of this survey.")] = None,
    submission_id: Annotated[str | None, Query(max_length=200, description="Only this submission.")] = None,
    state: Annotated[AttemptState | None, Query(description="Only those that came so far and no further.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Displayed at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Displayed before this moment.")] = None,
) -> Page[AttemptOut]:
    """Attempts, the last displayed first."""
    filters = {Attempt.survey_id: survey_id, Attempt.submission_id: submission_id, Attempt.state: state}
    statement = attempts.listed(work, filters)
    if since is not None:
        statement = statement.where(Attempt.displayed_at >= since)
    if until is not None:
        statement = statement.where(Attempt.displayed_at < until)
    keys = (Attempt.displayed_at.desc(), Attempt.id.desc())
    found: Page[Attempt] = await paginate(work.session, statement, page, keys=keys)
    return found.map(attempts.shown)


@router.get("/{attempt_id}")
async def get_attempt(attempt_id: UUID, work: ResponsesRead) -> AttemptOut:
    """One attempt, question by question."""
    return attempts.shown(await attempts.read(work, attempt_id))


def observed_in(body: Observation, survey: PublishedSurvey) -> Observed:
    """Raises `Unacceptable` for questions that the survey does not have."""
    for key in [*body.seen, *([body.last_question] if body.last_question else [])]:
        if key not in survey.questions:
            pointer = f"/seen/{key}" if key in body.seen else "/last_question"
            raise Unacceptable.field(pointer, "unknown_question", f"This survey has no question `{key}`.")
    return Observed(
        survey_id=survey.survey_id,
        survey_version=survey.version,
        submission_id=body.submission_id,
        state=body.state,
        channel=body.channel,
        touchpoint=body.touchpoint or survey.touchpoint,
        language=body.language,
        dimensions=body.dimensions,
        seen=body.seen,
        last_question=body.last_question,
        anonymous=survey.definition.anonymous,
    )
