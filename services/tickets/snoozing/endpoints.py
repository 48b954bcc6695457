"""`/v1/tickets/{id}/snooze`: out of sight until something is to be done."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsWrite
from services.tickets.cases.answering import answer
from services.tickets.cases.schemas import TicketOut
from services.tickets.snoozing import service as snoozing
from services.tickets.snoozing.schemas import Snooze
from shared.http.dependencies import IfMatch
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/snooze", tags=["tickets"])


@router.post("")
async def snooze_ticket(
    ticket_id: UUID, work: TicketsWrite, expected: IfMatch, response: Response, body: Snooze | None = None
) -> TicketOut:
    """Put it out of sight until a time, or until the customer writes. Its clocks run on: set it to pending if it is the
    customer's turn."""
    return await answer(work, await snoozing.snooze(work, ticket_id, body or Snooze(), expected), response)


@router.delete("")
async def wake_ticket(ticket_id: UUID, work: TicketsWrite, expected: IfMatch, response: Response) -> TicketOut:
    """Back into sight."""
    return await answer(work, await snoozing.wake_by_hand(work, ticket_id, expected), response)
