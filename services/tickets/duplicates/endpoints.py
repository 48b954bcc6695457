"""`/v1/tickets/{id}/duplicates`: what may be the same matter. People decide; nothing is merged by itself."""

from uuid import UUID

from services.tickets.auth import TicketsRead
from services.tickets.cases.repository import find_ticket
from services.tickets.duplicates import service as duplicates
from services.tickets.duplicates.schemas import DuplicatesOut
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/duplicates", tags=["tickets"])


@router.get("")
async def list_duplicates(ticket_id: UUID, work: TicketsRead) -> DuplicatesOut:
    """Other tickets of the same customer, of the last 90 days, about the same: to be merged, or not."""
    return DuplicatesOut(data=await duplicates.suggest(work, await find_ticket(work, ticket_id)))
