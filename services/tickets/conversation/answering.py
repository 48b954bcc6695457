"""Messages as they are answered with: with their files."""

from collections.abc import Sequence

from services.tickets.attachments import service as attachments
from services.tickets.attachments.schemas import AttachmentOut
from services.tickets.conversation.models import Message
from services.tickets.conversation.schemas import MessageOut
from shared.work import Work


async def shown(work: Work, messages: Sequence[Message]) -> list[MessageOut]:
    """In the order that they came in."""
    files = await attachments.of_messages(work, [message.id for message in messages])
    return [
        MessageOut(
            id=message.id,
            ticket_id=message.ticket_id,
            internal=message.internal,
            text=message.text,
            author=message.author,
            author_name=message.author_name,
            created_at=message.created_at,
            feedback_id=message.feedback_id,
            automatic=message.automatic,
            attachments=[AttachmentOut.model_validate(each) for each in files.get(message.id, [])],
            customer_attachments=f"/v1/feedback/{message.feedback_id}/attachments" if message.feedback_id else None,
        )
        for message in messages
    ]
