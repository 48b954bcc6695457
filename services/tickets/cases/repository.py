"""How tickets are found, as far as whoever asks can see."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.cases.states import ACTIVE
from services.tickets.contacts.models import Contact
from services.tickets.people.models import Person
from shared.http.errors import FieldProblem, NotFound, Unacceptable
from shared.work import Work


class NoSuchTicket(NotFound):
    """There is no such ticket."""


async def lock_ticket(work: Work, ticket_id: UUID) -> Ticket:
    """The ticket, held against other changes until the end of the transaction. Raises `NoSuchTicket`."""
    return await _ticket(work, _locked(_by_id(work, ticket_id)))


async def lock_tickets(work: Work, ticket_id: UUID, others: Sequence[UUID]) -> dict[UUID, Ticket]:
    """Several tickets, in one order, so that no two wait for each other. Raises `NoSuchTicket` for the first, or
    `Unacceptable` for each of the others that does not exist."""
    statement = select(Ticket).where(Ticket.account_id == work.account_id, Ticket.id.in_([ticket_id, *others]))
    rows = await work.session.scalars(_locked(statement.order_by(Ticket.id)))
    found: dict[UUID, Ticket] = {ticket.id: ticket for ticket in rows if await access.reaches(work, ticket)}
    if ticket_id not in found:
        raise NoSuchTicket
    missing = [place for place, other in enumerate(others) if other not in found]
    if missing:
        problems = tuple(
            FieldProblem(f"/ticket_ids/{n}", "unknown_ticket", "There is no such ticket.") for n in missing
        )
        raise Unacceptable("Some tickets do not exist; `errors` says which.", errors=problems)
    return found


async def lock_living(work: Work, ticket_id: UUID) -> Ticket:
    """The ticket, or the one in which it goes on if it was merged. Raises `NoSuchTicket`."""
    into: UUID | None = ticket_id
    while into is not None:
        # Looked up before it is locked: merging locks in the order of ids, and this would be another.
        ticket_id = into
        mine = (Ticket.account_id == work.account_id) & (Ticket.id == ticket_id)
        into = await work.session.scalar(select(Ticket.merged_into_id).where(mine))
    ticket = await lock_ticket(work, ticket_id)
    return ticket if ticket.merged_into_id is None else await lock_living(work, ticket.merged_into_id)


async def find_ticket(work: Work, ticket_id: UUID) -> Ticket:
    """Raises `NoSuchTicket`."""
    return await _ticket(work, _by_id(work, ticket_id))


async def was_requested(work: Work, request_id: UUID, feedback_id: UUID | None) -> bool:
    """Whether this request has had its ticket, or this feedback has one already, whatever became of it."""
    same = Ticket.request_id == request_id
    if feedback_id is not None:
        same = or_(same, Ticket.feedback_id == feedback_id)
    statement = select(Ticket.id).where(Ticket.account_id == work.account_id, same).limit(1)
    return await work.session.scalar(statement) is not None


def tickets_with_names(work: Work) -> Select[Ticket, str, str | None]:
    """Tickets that whoever asks can see, with the names of their assignee and their customer."""
    return (
        select(Ticket, Person.name, Contact.name)
        .outerjoin(Person, and_(Person.account_id == Ticket.account_id, Person.id == Ticket.assignee_id))
        .outerjoin(Contact, and_(Contact.account_id == Ticket.account_id, Contact.id == Ticket.customer_id))
        .where(Ticket.account_id == work.account_id, *access.visible(work))
    )


def is_overdue(ticket: Ticket, now: datetime) -> bool:
    """Somebody is waiting longer than promised."""
    if ticket.state not in ACTIVE:
        return False
    unanswered = ticket.first_responded_at is None
    first, resolution = ticket.first_response_due_at, ticket.resolution_due_at
    return (unanswered and first is not None and first < now) or (resolution is not None and resolution < now)


def is_late(now: datetime) -> ColumnElement[bool]:
    """`is_overdue`, asked of the database."""
    unanswered = and_(Ticket.first_responded_at.is_(None), Ticket.first_response_due_at < now)
    return and_(Ticket.state.in_(ACTIVE), or_(unanswered, Ticket.resolution_due_at < now))


def _locked(statement: Select[Any]) -> Select[Any]:
    """What was read before it was locked may have changed since."""
    return statement.with_for_update().execution_options(populate_existing=True)


def _by_id(work: Work, ticket_id: UUID) -> Select[Any]:
    return select(Ticket).where(Ticket.account_id == work.account_id, Ticket.id == ticket_id)


async def _ticket(work: Work, statement: Select[Any]) -> Ticket:
    ticket: Ticket | None = await work.session.scalar(statement)
    if ticket is None or not await access.reaches(work, ticket):
        raise NoSuchTicket
    return ticket
