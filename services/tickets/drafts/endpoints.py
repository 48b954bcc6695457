"""`/v1/tickets/{id}/draft`: the answer that colleagues write together before one of them sends it."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.conversation.answering import shown
from services.tickets.conversation.schemas import MessageOut
from services.tickets.drafts import service as drafts
from services.tickets.drafts.models import Draft
from services.tickets.drafts.schemas import DraftIn, DraftOut, Sending
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/draft", tags=["tickets"])


@router.get("")
async def read_draft(ticket_id: UUID, work: TicketsRead, response: Response) -> DraftOut:
    """With the `ETag` that a change may carry as `If-Match`, so that nobody overwrites what another wrote."""
    return _answer(ticket_id, await drafts.find(work, ticket_id), response)


@router.put("")
async def write_draft(
    ticket_id: UUID, body: DraftIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> DraftOut:
    """Begin one, write on, or empty it."""
    return _answer(ticket_id, await drafts.write(work, ticket_id, body.text, expected), response)


@router.post("/send", status_code=201)
async def send_draft(ticket_id: UUID, work: TicketsWrite, expected: IfMatch, body: Sending | None = None) -> MessageOut:
    """Answer the customer with it. However many press the button, it goes out once."""
    message = await drafts.send(work, ticket_id, body or Sending(), expected)
    [answer] = await shown(work, [message])
    return answer


def _answer(ticket_id: UUID, draft: Draft | None, response: Response) -> DraftOut:
    if draft is None:
        return DraftOut(ticket_id=ticket_id, text="", author=None, author_name=None, version=0, updated_at=None)
    set_etag(response, draft.version)
    return DraftOut.model_validate(draft)
