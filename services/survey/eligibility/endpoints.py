"""Who may be asked, who was not, and what takes up a customer's attention."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from services.survey.eligibility import refusals
from services.survey.eligibility import service as eligibility
from services.survey.eligibility.models import Refusal
from services.survey.eligibility.schemas import EligibilityOut, ExposureOut, RefusalOut, SegmentEligibility
from services.survey.exposures.models import Exposure
from services.survey.policies.schemas import Channel
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter

router = APIRouter(tags=["asking"])


@router.get("/v1/surveys/{survey_id}/eligibility")
async def explain_eligibility(
    survey_id: UUID,
    work: SurveysRead,
    customer_id: Annotated[UUID | None, Query(description="One customer, with the verdict of every gate.")] = None,
    segment_id: Annotated[UUID | None, Query(description="A whole segment, counted by the gate that refuses.")] = None,
    channel: Channel = "email",
) -> EligibilityOut | SegmentEligibility:
    """May they be asked now? Give `customer_id` or `segment_id`. Nothing is sent and nothing is recorded."""
    survey = await surveys.read(work, survey_id)
    if customer_id is not None and segment_id is None:
        return await eligibility.explain(work, survey, customer_id, channel)
    if segment_id is not None and customer_id is None:
        return await eligibility.of_segment(work, survey, segment_id, channel)
    raise Unacceptable.field("query:customer_id", "one_of", "Give either `customer_id` or `segment_id`.")


@router.get("/v1/surveys/{survey_id}/refusals")
async def list_refusals(
    survey_id: UUID,
    work: SurveysRead,
    page: PageQuery,
    customer_id: Annotated[UUID | None, Query()] = None,
    gate: Annotated[str | None, Query(max_length=50)] = None,
) -> Page[RefusalOut]:
    """Who was to be asked and was not, with the gate and its numbers; newest first."""
    await surveys.read(work, survey_id)
    statement = refusals.listed(work, survey_id, customer_id=customer_id, gate=gate)
    found: Page[Refusal] = await paginate(work.session, statement, page, keys=(Refusal.at.desc(), Refusal.id.desc()))
    return found.map(RefusalOut.model_validate)


@router.get("/v1/exposures")
async def list_exposures(
    work: SurveysRead, page: PageQuery, customer_id: Annotated[UUID, Query()]
) -> Page[ExposureOut]:
    """How often, by what and about which surveys this customer was contacted; newest first."""
    statement = select(Exposure).where(Exposure.account_id == work.account_id, Exposure.customer_id == customer_id)
    found: Page[Exposure] = await paginate(work.session, statement, page, keys=(Exposure.at.desc(), Exposure.id.desc()))
    return found.map(ExposureOut.model_validate)
