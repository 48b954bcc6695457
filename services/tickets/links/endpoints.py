"""`/v1/tickets/{id}/links`: what other tickets it belongs with."""

from uuid import UUID

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket
from services.tickets.links import service as links
from services.tickets.links.models import Link
from services.tickets.links.schemas import LinkOut, NewLink
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/links", tags=["tickets"])


@router.get("")
async def list_links(ticket_id: UUID, work: TicketsRead, page: PageQuery) -> Page[LinkOut]:
    """The oldest ticket first."""
    await find_ticket(work, ticket_id)
    found = await paginate(work.session, links.links_of(work, ticket_id), page, keys=(Ticket.id.asc(),))
    return found.map(lambda row: _out(ticket_id, *row))


@router.post("", status_code=201)
async def link_tickets(ticket_id: UUID, body: NewLink, work: TicketsWrite) -> LinkOut:
    """Say how two tickets belong together. Both histories have it."""
    made = await links.link(work, ticket_id, body.ticket_id, body.relation)
    return _out(ticket_id, made, await find_ticket(work, body.ticket_id))


@router.delete("/{other_ticket_id}", status_code=204)
async def unlink_tickets(ticket_id: UUID, other_ticket_id: UUID, work: TicketsWrite) -> None:
    """They do not belong together after all."""
    await links.unlink(work, ticket_id, other_ticket_id)


def _out(ticket_id: UUID, link: Link, other: Ticket) -> LinkOut:
    return LinkOut(
        ticket_id=other.id,
        number=other.number,
        subject=other.subject,
        state=other.state,
        relation=links.relation_of(link, ticket_id),
        author=link.author,
        created_at=link.created_at,
    )
