"""`/v1/surveys`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from services.survey.surveys.models import Survey, SurveyState
from services.survey.surveys.published import published_surveys
from services.survey.surveys.schemas import NewSurvey, SurveyChange, SurveyKind, SurveyOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, RuntimeDep, check_match, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/surveys", tags=["surveys"])


@router.post("", status_code=201)
async def create_survey(body: NewSurvey, work: SurveysWrite, response: Response) -> SurveyOut:
    """Make a survey, ready to be published: a score question and a follow-up text question."""
    return _out(await surveys.create(work, body), response)


@router.get("")
async def list_surveys(
    work: SurveysRead,
    page: PageQuery,
    kind: Annotated[SurveyKind | None, Query(description="Only this kind.")] = None,
    state: Annotated[SurveyState | None, Query(description="Only this state.")] = None,
) -> Page[SurveyOut]:
    """All surveys, newest first."""
    keys = (Survey.created_at.desc(), Survey.id.desc())
    found: Page[Survey] = await paginate(work.session, surveys.listed(work, kind=kind, state=state), page, keys=keys)
    return found.map(SurveyOut.model_validate)


@router.get("/{survey_id}")
async def get_survey(survey_id: UUID, work: SurveysRead, response: Response) -> SurveyOut:
    """One survey: its working copy, which may be ahead of what is published."""
    return _out(await surveys.read(work, survey_id), response)


@router.patch("/{survey_id}")
async def change_survey(
    survey_id: UUID, body: SurveyChange, work: SurveysWrite, if_match: IfMatch, response: Response
) -> SurveyOut:
    """Edit the working copy. Respondents see the change after the next publish."""
    survey = await surveys.read_to_change(work, survey_id)
    check_match(if_match, survey.version)
    surveys.change(work, survey, body)
    return _out(survey, response)


@router.post("/{survey_id}/publish")
async def publish_survey(
    survey_id: UUID, work: SurveysWrite, runtime: RuntimeDep, if_match: IfMatch, response: Response
) -> SurveyOut:
    """Open for answers with the present content, kept as an immutable version. Also resumes a paused survey."""
    survey = await surveys.read_to_change(work, survey_id)
    check_match(if_match, survey.version)
    await surveys.publish(work, survey)
    published_surveys(runtime).forget(work.account_id, survey_id)
    return _out(survey, response)


@router.post("/{survey_id}/pause")
async def pause_survey(
    survey_id: UUID, work: SurveysWrite, runtime: RuntimeDep, if_match: IfMatch, response: Response
) -> SurveyOut:
    """Take no answers until it is published again."""
    survey = await _to_close(work, survey_id, if_match)
    surveys.pause(work, survey)
    published_surveys(runtime).forget(work.account_id, survey_id)
    return _out(survey, response)


@router.post("/{survey_id}/archive")
async def archive_survey(
    survey_id: UUID, work: SurveysWrite, runtime: RuntimeDep, if_match: IfMatch, response: Response
) -> SurveyOut:
    """End the survey for good. Its answers stay."""
    survey = await _to_close(work, survey_id, if_match)
    surveys.archive(work, survey)
    published_surveys(runtime).forget(work.account_id, survey_id)
    return _out(survey, response)


@router.post("/{survey_id}/duplicate", status_code=201)
async def duplicate_survey(survey_id: UUID, work: SurveysWrite, response: Response) -> SurveyOut:
    """A new draft with the same content."""
    return _out(surveys.duplicate(work, await surveys.read(work, survey_id)), response)


async def _to_close(work: Work, survey_id: UUID, if_match: int | None) -> Survey:
    survey = await surveys.read_to_change(work, survey_id)
    check_match(if_match, survey.version)
    return survey


def _out(survey: Survey, response: Response) -> SurveyOut:
    set_etag(response, survey.version)
    return SurveyOut.model_validate(survey)
