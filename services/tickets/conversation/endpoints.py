"""`/v1/tickets/{id}/messages`: what is said to the customer, and among colleagues."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from services.tickets.conversation import service as conversation
from services.tickets.conversation.answering import shown
from services.tickets.conversation.models import Message
from services.tickets.conversation.schemas import MessageOut, NewMessage
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/messages", tags=["tickets"])


@router.post("", status_code=201)
async def write_message(ticket_id: UUID, body: NewMessage, work: TicketsWrite, response: Response) -> MessageOut:
    """Answer the customer, or with `internal` leave a note that only colleagues see. `ETag` is that of the ticket."""
    message = await conversation.write(work, ticket_id, body)
    set_etag(response, (await find_ticket(work, ticket_id)).version)
    [answer] = await shown(work, [message])
    return answer


@router.get("")
async def list_messages(ticket_id: UUID, work: TicketsRead, page: PageQuery) -> Page[MessageOut]:
    """Oldest first."""
    await find_ticket(work, ticket_id)
    found = await paginate(work.session, conversation.messages_of(work, ticket_id), page, keys=(Message.id.asc(),))
    return Page(data=await shown(work, found.data), next_cursor=found.next_cursor)
