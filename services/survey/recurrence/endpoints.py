"""`/v1/surveys/{id}/recurrence`: a survey that comes again."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from services.survey import references
from services.survey.recurrence import service as recurrences
from services.survey.recurrence.models import StoredRecurrence
from services.survey.recurrence.schemas import Recurrence, RecurrenceOut
from services.survey.settings import patience
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from shared.http.dependencies import IfMatch, after, set_etag, work_with
from shared.http.routing import APIRouter
from shared.work import Work


async def _is_here(work: Work, body: Recurrence) -> bool:
    return await references.segments_are_here(work, [body.segment_id] if body.segment_id else [])


# A segment that was made a moment ago is still on the way here.
Writes = Annotated[Work, work_with("surveys:write", first=after(Recurrence, _is_here, seconds=patience))]
router = APIRouter(prefix="/v1/surveys/{survey_id}/recurrence", tags=["asking"])


@router.get("")
async def get_recurrence(survey_id: UUID, work: SurveysRead, response: Response) -> RecurrenceOut:
    await surveys.read(work, survey_id)
    return await _out(work, await recurrences.read(work, survey_id), response)


@router.put("")
async def replace_recurrence(
    survey_id: UUID, body: Recurrence, work: Writes, if_match: IfMatch, response: Response
) -> RecurrenceOut:
    """Have the survey come again. Who has a rhythm already keeps it."""
    await surveys.read_to_change(work, survey_id)
    return await _out(work, await recurrences.replace(work, survey_id, body, expected=if_match), response)


@router.delete("", status_code=204)
async def stop_recurrence(survey_id: UUID, work: SurveysWrite) -> None:
    """Nobody is asked by itself any more; all rhythms are forgotten."""
    await surveys.read(work, survey_id)
    await recurrences.stop(work, survey_id)


async def _out(work: Work, stored: StoredRecurrence, response: Response) -> RecurrenceOut:
    set_etag(response, stored.version)
    return await recurrences.describe(work, stored)
