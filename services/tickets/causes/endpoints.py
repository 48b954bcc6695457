"""`/v1/tickets/{ticket_id}/suggested-causes`: what may lie behind a ticket."""

from uuid import UUID

from services.tickets.auth import TicketsRead
from services.tickets.cases.repository import find_ticket
from services.tickets.causes import service as causes
from services.tickets.causes.schemas import SuggestedCause, SuggestedCauses
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.get("/{ticket_id}/suggested-causes")
async def suggest_causes(ticket_id: UUID, work: TicketsRead) -> SuggestedCauses:
    """By the topics of the feedback that the ticket came from, the closest first."""
    found = await causes.suggested(work, await find_ticket(work, ticket_id))
    return SuggestedCauses(data=[SuggestedCause.model_validate(suggestion) for suggestion in found])
