"""What was published, version by version, and what changed between two of them."""

from typing import Any

from sqlalchemy import Select, select

from services.survey.surveys.differences import differences
from services.survey.surveys.models import Survey, SurveyVersion
from services.survey.surveys.schemas import ChangeOut, ChangesOut
from services.survey.surveys.service import SurveyNotPublished, change_content, definition_of
from shared.http.errors import NotFound
from shared.work import Work


class VersionNotFound(NotFound):
    """The survey has no such version; `GET /v1/surveys/{id}/versions` lists those it has."""

    code = "version_not_found"


def listed(survey: Survey) -> Select[Any]:
    """The newest first."""
    return select(SurveyVersion).where(
        SurveyVersion.account_id == survey.account_id, SurveyVersion.survey_id == survey.id
    )


async def read(work: Work, survey: Survey, version: int) -> SurveyVersion:
    """Raises `VersionNotFound`."""
    found: SurveyVersion | None = await work.session.scalar(listed(survey).where(SurveyVersion.version == version))
    if found is None:
        raise VersionNotFound
    return found


async def changes(work: Work, survey: Survey, *, since: int | None, until: int | None) -> ChangesOut:
    """From a version, or the published one, to another, or the working copy. Raises `SurveyNotPublished`."""
    start = since or survey.published_version
    if start is None:
        raise SurveyNotPublished
    before = definition_of(await read(work, survey, start))
    after = definition_of(survey if until is None else await read(work, survey, until))
    found = [ChangeOut.model_validate(each._asdict()) for each in differences(before, after)]
    return ChangesOut(from_version=start, to_version=until, changes=found)


async def restore(work: Work, survey: Survey, version: int) -> None:
    """Make the working copy what this version was. Raises `VersionNotFound`."""
    change_content(work, survey, await read(work, survey, version))
