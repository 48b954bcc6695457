"""Putting a ticket out of sight until something is to be done. What was promised to the customer stays promised: the
clocks run on."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.tickets.cases import announcements
from services.tickets.cases.collisions import check_unchanged
from services.tickets.cases.history import record
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import NoSuchTicket, lock_ticket
from services.tickets.cases.states import ACTIVE
from services.tickets.slas import service as slas
from services.tickets.snoozing.schemas import Snooze
from shared.bus.subscriptions import Timer
from shared.http.errors import Conflict, Unacceptable
from shared.work import Work

LONGEST: Final = timedelta(days=366)
ENDS: Final = "tickets.snooze_ends"


class NothingToDo(Conflict):
    """Nobody works on this ticket any more, so there is nothing to put off. Reopen it first."""

    code = "not_active"


async def snooze(work: Work, ticket_id: UUID, body: Snooze, expected: int | None) -> Ticket:
    """Raises `NoSuchTicket`, `StaleVersion`, `NothingToDo`, or `Unacceptable` for the past or beyond `LONGEST`."""
    if body.until is not None and not work.now < body.until <= work.now + LONGEST:
        detail = f"Choose a time in the future, at most {LONGEST.days} days from now."
        raise Unacceptable.field("/until", "out_of_range", detail)
    ticket = await lock_ticket(work, ticket_id)
    await check_unchanged(work, ticket, expected)
    if ticket.state not in ACTIVE:
        raise NothingToDo
    slas.settle(work, ticket)
    before = _json(ticket.snoozed_until)
    ticket.snoozed_at, ticket.snoozed_until = work.now, body.until
    record(work, ticket, "snoozed", changes={"snoozed_until": (before, _json(body.until))}, reason=body.reason)
    announcements.update(work, ticket, "snoozed")
    if body.until is None:
        await work.cancel(ENDS, key=str(ticket.id))
    else:
        await work.schedule(ENDS, key=str(ticket.id), due_at=body.until)
    return ticket


async def wake(work: Work, ticket: Ticket, reason: str | None) -> None:
    """Back into sight; nothing happens to what is. The ticket is locked, and its clocks are settled."""
    if ticket.snoozed_at is None:
        return
    changes = {"snoozed_until": (_json(ticket.snoozed_until), None)}
    await forget(work, ticket)
    record(work, ticket, "woken", changes=changes, reason=reason)
    announcements.update(work, ticket, "snoozed")


async def wake_by_hand(work: Work, ticket_id: UUID, expected: int | None) -> Ticket:
    """Raises `NoSuchTicket` or `StaleVersion`."""
    ticket = await lock_ticket(work, ticket_id)
    await check_unchanged(work, ticket, expected)
    slas.settle(work, ticket)
    await wake(work, ticket, None)
    return ticket


async def forget(work: Work, ticket: Ticket) -> None:
    """Whatever else happens to the ticket says why it is not asleep any more."""
    if ticket.snoozed_at is not None:
        ticket.snoozed_at = ticket.snoozed_until = None
        await work.cancel(ENDS, key=str(ticket.id))


async def time_is_up(work: Work, timer: Timer) -> None:
    try:
        ticket = await lock_ticket(work, UUID(timer.key))
    except NoSuchTicket:
        return
    slas.settle(work, ticket)
    await wake(work, ticket, "The time has come")


def _json(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
