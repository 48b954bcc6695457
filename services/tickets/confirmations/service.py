"""What a customer says about a resolution: it is solved, or not yet. They say it of the ticket as it is now, however
old the mail is that they say it from."""

from typing import Literal
from uuid import UUID

from sqlalchemy import exists, select

from services.tickets.cases.history import record
from services.tickets.cases.models import Change, Ticket
from services.tickets.cases.repository import lock_living
from services.tickets.cases.states import DONE
from services.tickets.contacts import service as contacts
from services.tickets.conversation.models import Message
from services.tickets.heard import service as heard
from services.tickets.loops import by_hand
from services.tickets.loops import service as loops
from services.tickets.slas import service as slas
from shared.ids import new_id
from shared.work import Work

NOT_SOLVED = "The customer says that it is not solved yet"
# Who writes this has no name that we know of.
NAMELESS = "Unnamed"

Standing = Literal["done", "open"]


async def look(work: Work, ticket_id: UUID) -> tuple[Ticket, Standing]:
    """The ticket in which it goes on, and whether there is something to confirm. Raises `NoSuchTicket`."""
    ticket = await lock_living(work, ticket_id)
    return ticket, "done" if ticket.state in DONE else "open"


async def confirm(work: Work, ticket_id: UUID) -> Standing:
    """It is solved. To say so twice, or of what is open again, changes nothing. Raises `NoSuchTicket`."""
    ticket, standing = await look(work, ticket_id)
    if standing == "done":
        fixed = [loop for loop in await loops.loops_in(work, ticket) if loop.fixed_at is not None]
        for loop in fixed:
            by_hand.confirm(work, ticket, loop, by="link", reason=None)
        if not fixed and not await _is_confirmed(work, ticket):
            slas.settle(work, ticket)
            record(work, ticket, "confirmed")
        # Whoever reads the ticket again in this transaction reads it from the database.
        await work.session.flush()
    return standing


async def refuse(work: Work, ticket_id: UUID, words: str | None) -> None:
    """It is not solved: the ticket is open again, or goes on in another one, with what the customer says is missing.

    Raises `NoSuchTicket`.
    """
    ticket, _ = await look(work, ticket_id)
    slas.settle(work, ticket)
    thread_id = ticket.thread_id or heard.own_thread(work, ticket.id)
    ticket = await heard.wake(work, ticket, None, thread_id, NOT_SOLVED)
    if words is not None:
        work.session.add(await _message(work, ticket, words))
        record(work, ticket, "heard")
    await work.session.flush()


async def _is_confirmed(work: Work, ticket: Ticket) -> bool:
    """Since it was resolved last."""
    mine = (Change.account_id == work.account_id) & (Change.ticket_id == ticket.id) & (Change.action == "confirmed")
    since = Change.at >= ticket.resolved_at if ticket.resolved_at is not None else Change.at <= work.now
    return bool(await work.session.scalar(select(exists().where(mine, since))))


async def _message(work: Work, ticket: Ticket, words: str) -> Message:
    return Message(
        id=new_id(),
        account_id=work.account_id,
        ticket_id=ticket.id,
        internal=False,
        text=words,
        author=f"customer:{ticket.customer_id}" if ticket.customer_id else "customer",
        author_name=await contacts.name_of(work, ticket.customer_id) or NAMELESS,
        created_at=work.now,
    )
