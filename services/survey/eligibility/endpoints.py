"""Who may be asked, who was not, and what takes up a customer's attention."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import select

from services.survey.eligibility import refusals
from services.survey.eligibility import service as eligibility
from services.survey.eligibility.models import Refusal
from services.survey.eligibility.schemas import EligibilityCount, EligibilityOut, ExposureOut, RefusalOut
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
) -> EligibilityOut | EligibilityCount:
    """May they be asked now? `customer_id` for one, `segment_id` for a segment, neither for all customers.

    Nothing is sent and nothing is recorded.
    """
    survey = await surveys.read(work, survey_id)
    if customer_id is None:
        return await eligibility.of_many(work, survey, segment_id, channel)
    if segment_id is not None:
        raise Unacceptable.field("query:segment_id", "one_of", "Give `customer_id` or `segment_id`, not both.")
    return await eligibility.explain(work, survey, customer_id, channel)


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
    work: SurveysRead, page: PageQuery, customer_id: Annotated[UUID | None, Query()] = None
) -> Page[ExposureOut]:
    """How often, by what and about which surveys a customer, or anybody, was contacted; newest first."""
    statement = select(Exposure).where(Exposure.account_id == work.account_id)
    if customer_id is not None:
        statement = statement.where(Exposure.customer_id == customer_id)
    found: Page[Exposure] = await paginate(work.session, statement, page, keys=(Exposure.at.desc(), Exposure.id.desc()))
    return found.map(ExposureOut.model_validate)
