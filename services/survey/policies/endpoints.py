"""`/v1/contact-policy` and `/v1/surveys/{id}/asking`."""

from typing import Annotated
from uuid import UUID

from fastapi import Response

from services.survey import references
from services.survey.policies import service as policies
from services.survey.policies.schemas import ContactPolicy, SurveyPolicy
from services.survey.settings import patience
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from shared.http.dependencies import IfMatch, after, set_etag, work_with
from shared.http.routing import APIRouter
from shared.work import Work


async def _is_here(work: Work, body: ContactPolicy) -> bool:
    return await references.segments_are_here(work, [exception.segment_id for exception in body.exceptions])


# A segment that was made a moment ago is still on the way here.
Writes = Annotated[Work, work_with("surveys:write", first=after(ContactPolicy, _is_here, seconds=patience))]
router = APIRouter(tags=["asking"])


@router.get("/v1/contact-policy")
async def get_contact_policy(work: SurveysRead, response: Response) -> ContactPolicy:
    """How often people may be contacted at all, and when not."""
    policy, version = await policies.contact_policy(work)
    set_etag(response, version)
    return policy


@router.put("/v1/contact-policy")
async def replace_contact_policy(
    body: ContactPolicy, work: Writes, if_match: IfMatch, response: Response
) -> ContactPolicy:
    """Holds from now on, for whatever is sent next."""
    set_etag(response, await policies.replace_contact_policy(work, body, expected=if_match))
    return body


@router.get("/v1/surveys/{survey_id}/asking")
async def get_survey_policy(survey_id: UUID, work: SurveysRead, response: Response) -> SurveyPolicy:
    """How often this survey may ask the same customer, whom it draws, and how it reminds."""
    await surveys.read(work, survey_id)
    policy, version = await policies.survey_policy(work, survey_id)
    set_etag(response, version)
    return policy


@router.put("/v1/surveys/{survey_id}/asking")
async def replace_survey_policy(
    survey_id: UUID, body: SurveyPolicy, work: SurveysWrite, if_match: IfMatch, response: Response
) -> SurveyPolicy:
    """Holds from now on, for whatever is sent next."""
    await surveys.read_to_change(work, survey_id)
    set_etag(response, await policies.replace_survey_policy(work, survey_id, body, expected=if_match))
    return body
