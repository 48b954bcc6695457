"""`/v1/tickets/{id}/merge` and `/split`: what belongs together, and what does not."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsWrite
from services.tickets.cases.answering import answer
from services.tickets.cases.schemas import TicketOut
from services.tickets.merging import service as merging
from services.tickets.merging.schemas import Merge, Split
from shared.http.dependencies import IfMatch
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}", tags=["tickets"])


@router.post("/merge")
async def merge_tickets(
    ticket_id: UUID, body: Merge, work: TicketsWrite, expected: IfMatch, response: Response
) -> TicketOut:
    """Merge other tickets of the same customer into this one: their messages move here, what the customer writes to
    them later comes here too, and their clocks stop. There is no way back."""
    return await answer(work, await merging.merge(work, ticket_id, body, expected), response)


@router.post("/split", status_code=201)
async def split_ticket(
    ticket_id: UUID, body: Split, work: TicketsWrite, expected: IfMatch, response: Response
) -> TicketOut:
    """Move messages into a new ticket, which is linked with this one. Its clocks start now."""
    return await answer(work, await merging.split(work, ticket_id, body, expected), response)
