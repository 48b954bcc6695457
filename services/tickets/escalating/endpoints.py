"""`/v1/tickets/{id}/escalate`: it needs more than it gets."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsWrite
from services.tickets.cases.answering import answer
from services.tickets.cases.schemas import TicketOut
from services.tickets.escalating import service as escalating
from services.tickets.escalating.schemas import Escalation
from shared.http.dependencies import IfMatch
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/escalate", tags=["tickets"])


@router.post("")
async def escalate_ticket(
    ticket_id: UUID, body: Escalation, work: TicketsWrite, expected: IfMatch, response: Response
) -> TicketOut:
    """One priority up, with the targets of that one, and an event that rules and partners can act on."""
    return await answer(work, await escalating.escalate(work, ticket_id, body, expected), response)
