"""Taking a ticket: of all who reach for it at the same moment exactly one gets it, and the others hear who."""

from uuid import UUID

from services.tickets.cases import service as tickets
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.states import check_not_over
from services.tickets.people import service as people
from services.tickets.routing.refusals import unknown_person
from services.tickets.routing.schemas import Take
from shared.http.errors import Conflict, FieldProblem, Unacceptable
from shared.work import Work


class AlreadyTaken(Conflict):
    """Somebody else has this ticket."""

    code = "already_taken"


async def take(work: Work, ticket_id: UUID, body: Take) -> Ticket:
    """A ticket that they have already stays theirs. Raises `NoSuchTicket`, `AlreadyTaken`, `TicketClosed`,
    `TicketMerged`, or `Unacceptable` for who does not work on tickets."""
    ticket = await lock_ticket(work, ticket_id)
    taker = body.assignee_id or people.person_behind(work.actor)
    if taker is None:
        detail = "A program takes no tickets for itself: send `assignee_id`."
        raise Unacceptable.field("/assignee_id", "required", detail)
    if not await people.can_be_assigned(work, taker):
        raise unknown_person()
    check_not_over(ticket.state)
    if ticket.assignee_id == taker:
        return ticket
    if ticket.assignee_id != body.over_from:
        raise await _taken(work, ticket)
    await tickets.hand_to(work, ticket, taker)
    return ticket


async def _taken(work: Work, ticket: Ticket) -> AlreadyTaken:
    if ticket.assignee_id is None:
        detail = "Nobody has this ticket any more. Take it without `over_from`."
        return AlreadyTaken(detail, errors=(FieldProblem("/over_from", "nobody_has_it", detail),))
    name = await people.name_of(work, ticket.assignee_id) or "Somebody"
    detail = f"{name} has this ticket. To take it over from them, send `over_from` with their id."
    return AlreadyTaken(detail, errors=(FieldProblem("/over_from", str(ticket.assignee_id), detail),))
