"""`/v1/feedback`: one record for every channel."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import select

from services.survey.feedback import service
from services.survey.feedback.auth import FeedbackRead, FeedbackWrite
from services.survey.feedback.models import Feedback
from services.survey.feedback.schemas import FeedbackChange, FeedbackOut, FeedbackVersionOut
from services.survey.hearing.models import HeardItem
from services.survey.understanding.urgency import UrgencyLabel
from shared.contracts.ratings import Band
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, check_match, set_etag
from shared.http.routing import APIRouter
from shared.http.schemas import Moment

router = APIRouter(prefix="/v1/feedback", tags=["feedback"])


@router.get("")
async def list_feedback(
    work: FeedbackRead,
    page: PageQuery,
    kind: Annotated[str | None, Query(max_length=40, description="Only this kind, such as `survey`.")] = None,
    channel: Annotated[str | None, Query(max_length=40, description="Only this channel.")] = None,
    band: Annotated[Band | None, Query(description="Only ratings of this band.")] = None,
    urgency: Annotated[UrgencyLabel | None, Query(description="Only what presses so much.")] = None,
    survey_id: Annotated[UUID | None, Query(description="Only answers to this survey.")] = None,
    customer_id: Annotated[UUID | None, Query(description="Only this customer's.")] = None,
    source: Annotated[str | None, Query(max_length=40, description="Only from there, such as `trustpilot`.")] = None,
    source_id: Annotated[UUID | None, Query(description="Only from this connected source.")] = None,
    thread_id: Annotated[UUID | None, Query(description="Only of this conversation.")] = None,
    removed: Annotated[bool | None, Query(description="Only what is no longer there, or only what is.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Said at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Said before this moment.")] = None,
) -> Page[FeedbackOut]:
    """What was said, the latest first, by when it was said."""
    filters: dict[Any, Any] = {
        Feedback.kind: kind,
        Feedback.channel: channel,
        Feedback.band: band,
        Feedback.urgency_label: urgency,
        Feedback.survey_id: survey_id,
        Feedback.customer_id: customer_id,
        Feedback.source: source,
        Feedback.source_id: source_id,
        Feedback.thread_id: thread_id,
    }
    statement = select(Feedback).where(Feedback.account_id == work.account_id)
    statement = statement.where(*(column == value for column, value in filters.items() if value is not None))
    if removed is not None:
        statement = statement.where(Feedback.removed_at.is_not(None) if removed else Feedback.removed_at.is_(None))
    if since is not None:
        statement = statement.where(Feedback.occurred_at >= since)
    if until is not None:
        statement = statement.where(Feedback.occurred_at < until)
    keys = (Feedback.occurred_at.desc(), Feedback.id.desc())
    found: Page[Feedback] = await paginate(work.session, statement, page, keys=keys)
    return found.map(FeedbackOut.of)


@router.get("/{feedback_id}")
async def get_feedback(feedback_id: UUID, work: FeedbackRead, response: Response) -> FeedbackOut:
    """One piece of feedback."""
    feedback = await service.read(work, feedback_id)
    set_etag(response, feedback.version)
    return FeedbackOut.of(feedback)


@router.get("/{feedback_id}/versions")
async def list_versions(feedback_id: UUID, work: FeedbackRead, page: PageQuery) -> Page[FeedbackVersionOut]:
    """What its author said over time, where it was said, the latest first. Answers to surveys have none here."""
    await service.read(work, feedback_id)
    mine = select(HeardItem).where(HeardItem.account_id == work.account_id, HeardItem.feedback_id == feedback_id)
    found = await paginate(work.session, mine, page, keys=(HeardItem.version_at.desc(), HeardItem.id.desc()))
    return found.map(FeedbackVersionOut.of)


@router.patch("/{feedback_id}")
async def correct_feedback(
    feedback_id: UUID, body: FeedbackChange, work: FeedbackWrite, if_match: IfMatch, response: Response
) -> FeedbackOut:
    """Correct a label that was found by machine, or confirm it. Both teach the account's own models how people feel and
    what they talk about; what a person says stays as long as the words do."""
    feedback = await service.read(work, feedback_id, to_change=True)
    check_match(if_match, feedback.version)
    await service.correct(work, feedback, body)
    set_etag(response, feedback.version)
    return FeedbackOut.of(feedback)
