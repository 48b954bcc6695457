"""What a customer writes becomes part of the conversation of its ticket: one ticket for each conversation, whichever
comes first, and nothing is lost in between."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import func, select, text

from services.tickets.cases import service as tickets
from services.tickets.cases.history import record
from services.tickets.cases.models import Change, Ticket
from services.tickets.cases.repository import lock_living
from services.tickets.cases.states import DONE
from services.tickets.conversation.models import Message
from services.tickets.followups import service as followups
from services.tickets.heard.models import Heard
from services.tickets.slas import service as slas
from services.tickets.snoozing import service as snoozing
from services.tickets.watchers import service as watchers
from shared.contracts.tickets import CustomerWrote
from shared.work import Work

# Two machines that answer each other would keep a ticket opening all day.
MOST_REOPENINGS: Final = 5
IN: Final = timedelta(hours=1)
# Whoever looks for a conversation's ticket waits for whoever is just opening it, and the other way round.
_CONVERSATION: Final = text("select pg_advisory_xact_lock(hashtextextended('tickets.thread ' || :thread_id, 0))")


async def hold(work: Work, thread_id: UUID) -> None:
    """Until the end of the transaction nobody else decides about this conversation."""
    await work.session.execute(_CONVERSATION, {"thread_id": str(thread_id)})


async def ticket_of(work: Work, thread_id: UUID) -> UUID | None:
    """The newest ticket of the conversation, whatever its state."""
    mine = (Ticket.account_id == work.account_id) & (Ticket.thread_id == thread_id)
    return await work.session.scalar(select(Ticket.id).where(mine).order_by(Ticket.number.desc()).limit(1))


async def thread_of(work: Work, feedback_id: UUID | None) -> UUID | None:
    """The conversation that a piece of feedback belongs to, as far as it was heard."""
    if feedback_id is None:
        return None
    heard = await work.session.get(Heard, (work.account_id, feedback_id))
    return heard.thread_id if heard is not None else None


async def put_into(work: Work, ticket_id: UUID, waiting: Sequence[Heard]) -> None:
    """Append what waits for the ticket, and reopen it if a person wrote it. Raises `NoSuchTicket`."""
    if not waiting:
        return
    ticket = await lock_living(work, ticket_id)
    if ticket.thread_id is None:
        ticket.thread_id = waiting[0].thread_id
    for heard in waiting:
        # The words that a ticket was opened for are no news.
        is_news = heard.feedback_id != ticket.feedback_id
        if is_news:
            slas.settle(work, ticket)
            if heard.automatic is None:
                ticket = await wake(work, ticket, heard.occurred_at, heard.thread_id)
        heard.ticket_id = ticket.id
        work.session.add(_message(work, ticket, heard))
        if not is_news:
            continue
        record(work, ticket, "heard" if heard.automatic is None else "heard_automatic")
        await slas.follow(work, ticket)
        await _announce(work, ticket, heard)
    await work.session.flush()


async def wake(
    work: Work, ticket: Ticket, written_at: datetime | None, thread_id: UUID, reason: str = followups.WROTE_AGAIN
) -> Ticket:
    """A person wrote in the conversation; returns the ticket in which it goes on, its clocks settled before. What was
    written before the resolution was known when it was resolved; None is for whoever has read of it."""
    await snoozing.wake(work, ticket, reason)
    if ticket.state in ("pending", "on_hold"):
        await tickets.wake(work, ticket, reason)
    elif ticket.state in DONE:
        known_at = ticket.resolved_at
        is_late = written_at is not None and known_at is not None and written_at <= known_at
        if not is_late and await _may_reopen_again(work, ticket):
            return await followups.follow_up(work, ticket, thread_id, reason)
    return ticket


async def waiting_for(work: Work, ticket: Ticket) -> list[Heard]:
    """What was heard of the ticket's conversation and stands in none yet, oldest first."""
    thread_id = ticket.thread_id or await thread_of(work, ticket.feedback_id)
    if thread_id is None:
        return []
    await hold(work, thread_id)
    mine = (Heard.account_id == work.account_id) & (Heard.thread_id == thread_id) & Heard.ticket_id.is_(None)
    return list(await work.session.scalars(select(Heard).where(mine).order_by(Heard.message_id)))


async def exists(work: Work, ticket_id: UUID | None) -> bool:
    mine = (Ticket.account_id == work.account_id) & (Ticket.id == ticket_id)
    return ticket_id is not None and await work.session.scalar(select(Ticket.id).where(mine)) is not None


def _message(work: Work, ticket: Ticket, heard: Heard) -> Message:
    return Message(
        id=heard.message_id,
        account_id=work.account_id,
        ticket_id=ticket.id,
        internal=False,
        text=heard.text,
        author=f"customer:{heard.customer_id}" if heard.customer_id else "customer",
        author_name=heard.author_name,
        created_at=heard.occurred_at,
        feedback_id=heard.feedback_id,
        automatic=heard.automatic,
    )


def own_thread(work: Work, ticket_id: UUID | None) -> UUID:
    """The conversation about a ticket that did not begin as one."""
    return uuid5(work.account_id, f"ticket:{ticket_id}")


async def _may_reopen_again(work: Work, ticket: Ticket) -> bool:
    return await _reopenings(work, ticket) < MOST_REOPENINGS


async def _reopenings(work: Work, ticket: Ticket) -> int:
    recent = (Change.account_id == work.account_id) & (Change.ticket_id == ticket.id) & (Change.at > work.now - IN)
    counted = select(func.count()).where(recent, Change.action == "reopened")
    return await work.session.scalar(counted) or 0


async def _announce(work: Work, ticket: Ticket, heard: Heard) -> None:
    wrote = CustomerWrote(
        ticket_id=ticket.id,
        number=ticket.number,
        message_id=heard.message_id,
        feedback_id=heard.feedback_id,
        text=heard.text,
        author_name=heard.author_name,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        automatic=heard.automatic,
        state=ticket.state,
        assignee_id=ticket.assignee_id,
        thread_id=heard.thread_id,
        subject=ticket.subject,
        watcher_ids=await watchers.ids_of(work, ticket.id),
    )
    work.emit(wrote, subject=ticket.id, version=ticket.version)
