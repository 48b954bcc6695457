"""`/v1/tickets/{id}/presence`: who else is at it."""

from collections.abc import Sequence
from uuid import UUID

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from services.tickets.presence import service as presence
from services.tickets.presence.models import Presence
from services.tickets.presence.schemas import PresenceIn, PresenceOut, PresentOut
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/presence", tags=["tickets"])


@router.get("")
async def list_present(ticket_id: UUID, work: TicketsRead) -> PresentOut:
    """Ask again every few seconds."""
    await find_ticket(work, ticket_id)
    return _out(await presence.present_at(work, ticket_id))


@router.put("")
async def say_present(ticket_id: UUID, work: TicketsWrite, body: PresenceIn | None = None) -> PresentOut:
    """Say that you are there, or write. It holds for 30 seconds; say it again within 20."""
    await find_ticket(work, ticket_id)
    return _out(await presence.say(work, ticket_id, (body or PresenceIn()).activity))


@router.delete("", status_code=204)
async def leave_ticket(ticket_id: UUID, work: TicketsWrite) -> None:
    """Say that you are gone; who says nothing is gone after 30 seconds too."""
    await find_ticket(work, ticket_id)
    await presence.leave(work, ticket_id)


def _out(found: Sequence[Presence]) -> PresentOut:
    return PresentOut(data=[PresenceOut.model_validate(each) for each in found])
