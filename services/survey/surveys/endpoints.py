"""`/v1/surveys`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import Field

from services.survey.surveys import service as surveys
from services.survey.surveys import versions
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from services.survey.surveys.models import Survey, SurveyState, SurveyVersion
from services.survey.surveys.published import published_surveys
from services.survey.surveys.schemas import (
    ChangesOut,
    NewSurvey,
    SurveyChange,
    SurveyKind,
    SurveyOut,
    VersionDetail,
    VersionOut,
)
from services.survey.surveys.validating import ToValidate, ValidationOut, validate
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, RuntimeDep, check_match, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/surveys", tags=["surveys"])

VersionNumber = Annotated[int, Field(ge=1, le=2_000_000_000)]


@router.post("", status_code=201)
async def create_survey(body: NewSurvey, work: SurveysWrite, response: Response) -> SurveyOut:
    """Make a survey: of a kind or a template, ready to be published, or of your own definition."""
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


@router.post("/validate")
async def validate_definition(body: ToValidate, work: SurveysRead) -> ValidationOut:
    """Everything that is wrong with a definition, at once. Nothing is stored."""
    return await validate(work, body.definition)


@router.post("/{survey_id}/validate")
async def validate_survey(survey_id: UUID, work: SurveysRead) -> ValidationOut:
    """Everything that is wrong with the working copy, at once: what publishing would refuse, and warnings."""
    survey = await surveys.read(work, survey_id)
    return await validate(work, survey.definition)


@router.get("/{survey_id}/versions")
async def list_survey_versions(survey_id: UUID, work: SurveysRead, page: PageQuery) -> Page[VersionOut]:
    """What was published, the newest first."""
    survey = await surveys.read(work, survey_id)
    keys = (SurveyVersion.version.desc(),)
    found: Page[SurveyVersion] = await paginate(work.session, versions.listed(survey), page, keys=keys)
    return found.map(VersionOut.model_validate)


@router.get("/{survey_id}/versions/{version}")
async def get_survey_version(survey_id: UUID, version: VersionNumber, work: SurveysRead) -> VersionDetail:
    """One version, as it was answered."""
    survey = await surveys.read(work, survey_id)
    return VersionDetail.model_validate(await versions.read(work, survey, version))


@router.post("/{survey_id}/versions/{version}/restore")
async def restore_survey_version(
    survey_id: UUID, version: VersionNumber, work: SurveysWrite, if_match: IfMatch, response: Response
) -> SurveyOut:
    """Make the working copy what this version was. Respondents see it after the next publish."""
    survey = await _to_close(work, survey_id, if_match)
    await versions.restore(work, survey, version)
    return _out(survey, response)


@router.get("/{survey_id}/changes")
async def list_survey_changes(
    survey_id: UUID,
    work: SurveysRead,
    from_version: Annotated[VersionNumber | None, Query(description="The published one if left out.")] = None,
    to_version: Annotated[VersionNumber | None, Query(description="The working copy if left out.")] = None,
) -> ChangesOut:
    """What changed from one version to another, in words."""
    survey = await surveys.read(work, survey_id)
    return await versions.changes(work, survey, since=from_version, until=to_version)


@router.get("/{survey_id}")
async def get_survey(survey_id: UUID, work: SurveysRead, response: Response) -> SurveyOut:
    """One survey: its working copy, which may be ahead of what is published."""
    return _out(await surveys.read(work, survey_id), response)


@router.patch("/{survey_id}")
async def change_survey(
    survey_id: UUID,
    body: SurveyChange,
    work: SurveysWrite,
    runtime: RuntimeDep,
    if_match: IfMatch,
    response: Response,
) -> SurveyOut:
    """Edit the working copy. Respondents see the change after the next publish."""
    survey = await surveys.read_to_change(work, survey_id)
    check_match(if_match, survey.version)
    surveys.change(work, survey, body)
    published_surveys(runtime).forget(work.account_id, survey_id)
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
