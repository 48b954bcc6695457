"""`POST /v1/feedback` and `POST /v1/feedback/records`: what people and programs enter themselves."""

from fastapi import Response

from services.survey.entries import service as entries
from services.survey.entries.schemas import NewEntry, NewRecord, RecordOut
from services.survey.feedback.auth import FeedbackWrite
from services.survey.feedback.schemas import FeedbackOut
from shared.http.dependencies import set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/feedback", tags=["feedback"])


@router.post("", status_code=201)
async def enter_feedback(body: NewEntry, work: FeedbackWrite, response: Response) -> FeedbackOut:
    """Write down a call, a conversation, a letter: who, what was said, and the score if there was one."""
    feedback = await entries.enter(work, body)
    set_etag(response, feedback.version)
    return FeedbackOut.of(feedback)


@router.post("/records", status_code=201)
async def create_record(body: NewRecord, work: FeedbackWrite) -> RecordOut:
    """A record as Formbricks Hub takes it. The same one again answers the same; another one of the same submission and
    field is refused with 409, as there."""
    feedback = await entries.record(work, body)
    return RecordOut(
        **body.model_dump(),
        id=feedback.id,
        created_at=feedback.received_at,
        updated_at=feedback.updated_at,
        sentiment=feedback.sentiment_label,
        sentiment_score=feedback.sentiment_score,
    )
