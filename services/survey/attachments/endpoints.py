"""`/v1/feedback/{id}/attachments`: what came along. It is given out to be saved, never to be shown in a page."""

from uuid import UUID

from fastapi import Response

from services.survey.attachments import service as attachments
from services.survey.attachments.schemas import AttachmentOut
from services.survey.feedback import service as feedback
from services.survey.feedback.auth import FeedbackRead
from shared.db.pagination import Page
from shared.files import FileMissing, file_key, file_store
from shared.http.downloads import download
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/feedback/{feedback_id}/attachments", tags=["feedback"])


@router.get("")
async def list_attachments(feedback_id: UUID, work: FeedbackRead) -> Page[AttachmentOut]:
    """In their order, those that were not kept too."""
    await feedback.read(work, feedback_id)
    found = await attachments.of_feedback(work, feedback_id)
    return Page(data=[AttachmentOut.model_validate(each) for each in found], next_cursor=None)


@router.get("/{attachment_id}/content", response_class=Response)
async def get_attachment(feedback_id: UUID, attachment_id: UUID, work: FeedbackRead) -> Response:
    """The file itself, to be saved."""
    found = await attachments.read(work, feedback_id, attachment_id)
    if found.refused is not None:
        raise attachments.NotKept
    try:
        content = await file_store(work.settings).get(file_key(work.account_id, found.id))
    except FileMissing:
        raise attachments.NoSuchAttachment from None
    return download(content, name=found.name, media_type=found.media_type)
