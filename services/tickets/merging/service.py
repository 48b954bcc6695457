"""Making one ticket of several, and several of one. Messages move; nothing that was said is copied or lost."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from services.tickets.access import service as access
from services.tickets.attachments import service as attachments
from services.tickets.attachments.models import Attachment
from services.tickets.cases import announcements
from services.tickets.cases import service as tickets
from services.tickets.cases.collisions import check_unchanged
from services.tickets.cases.history import record
from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import Author, Opened, Opening
from services.tickets.cases.repository import find_ticket, lock_ticket, lock_tickets
from services.tickets.cases.states import check_not_over
from services.tickets.conversation import notes
from services.tickets.conversation.models import Message
from services.tickets.heard.models import Heard
from services.tickets.links.models import Link
from services.tickets.merging.schemas import Merge, Split
from services.tickets.slas import service as slas
from services.tickets.watchers import service as watchers
from services.tickets.watchers.models import Watcher
from shared.http.errors import AppError, Conflict, FieldProblem, Unacceptable
from shared.ids import new_id
from shared.work import Work


class MergeCycle(Conflict):
    """One of these tickets is where this one was merged into: they are one already."""

    code = "merge_cycle"


class OtherCustomer(Conflict):
    """These tickets are of different customers: what one of them wrote would be answered to the other. Merge the
    customers first if they are one, with POST /v1/customers/{id}/merge."""

    code = "other_customer"


async def merge(work: Work, target_id: UUID, body: Merge, expected: int | None) -> Ticket:
    """The ticket that lives on. Raises `NoSuchTicket`, `StaleVersion`, `MergeCycle`, `OtherCustomer`, `TicketClosed`,
    `TicketMerged`, or `Unacceptable` for the ticket itself or unknown ones."""
    if target_id in body.ticket_ids:
        place = body.ticket_ids.index(target_id)
        raise Unacceptable.field(f"/ticket_ids/{place}", "itself", "A ticket cannot be merged into itself.")
    locked = await lock_tickets(work, target_id, body.ticket_ids)
    target, sources = locked[target_id], [locked[each] for each in body.ticket_ids]
    await check_unchanged(work, target, expected)
    _check(target, sources)
    slas.settle(work, target)
    for source in sources:
        await _merge_into(work, target, source, body.reason)
    numbers = [f"#{source.number}" for source in sources]
    record(work, target, "merged", changes={"merged": (None, numbers)}, reason=body.reason)
    announcements.update(work, target, "merged")
    await work.session.flush()
    return target


async def split(work: Work, ticket_id: UUID, body: Split, expected: int | None) -> Ticket:
    """The new ticket. Raises `NoSuchTicket`, `StaleVersion`, or `Unacceptable` for messages that are not the ticket's,
    or the assignee."""
    ticket = await lock_ticket(work, ticket_id)
    await check_unchanged(work, ticket, expected)
    await _check_messages(work, ticket, body.message_ids)
    opening = Opening(
        author=Author.of(work),
        ticket_id=new_id(),
        subject=body.subject,
        description=body.description or "",
        priority=ticket.priority,
        team_id=ticket.team_id,
        tags=list(ticket.tags),
        fields=ticket.fields,
        channel=ticket.channel,
        origin_kind=work.actor.kind.value,
        assign="assignee_id" not in body.model_fields_set,
        assignee_id=body.assignee_id,
        customer_id=ticket.customer_id,
    )
    opened = await tickets.open_ticket(work, opening)
    if isinstance(opened, AppError):
        raise opened
    await _move_messages(work, ticket, opening.ticket_id, body.message_ids)
    record(work, ticket, "split", changes={"split": (None, f"#{opened.number}")})
    announcements.update(work, ticket, "split")
    _link(work, opening, opened, ticket)
    await work.session.flush()
    access.grant(work, opening.ticket_id)
    return await find_ticket(work, opening.ticket_id)


def _check(target: Ticket, sources: Sequence[Ticket]) -> None:
    if target.merged_into_id in {source.id for source in sources}:
        raise MergeCycle
    for ticket in (target, *sources):
        # What is closed may still be put where it belongs; nothing may be put into it.
        if ticket is target or ticket.state == "merged":
            check_not_over(ticket.state)
    known = {ticket.customer_id for ticket in (target, *sources)} - {None}
    if len(known) > 1:
        raise OtherCustomer


async def _merge_into(work: Work, target: Ticket, source: Ticket, reason: str | None) -> None:
    slas.settle(work, source)
    await _leave_a_note(work, target, source)
    for table in (Message, Heard, Attachment):
        mine = (table.account_id == work.account_id) & (table.ticket_id == source.id)
        await work.session.execute(update(table).where(mine).values(ticket_id=target.id))
    target.customer_id = target.customer_id or source.customer_id
    target.thread_id = target.thread_id or source.thread_id
    target.tags = list(dict.fromkeys([*target.tags, *source.tags]))
    mine = (Watcher.account_id == work.account_id) & (Watcher.ticket_id == source.id)
    watching = (await work.session.scalars(select(Watcher.user_id).where(mine))).all()
    if watching:
        await watchers.add(work, target.id, watching, because="asked")
    await _send_on(work, source, target)
    changes = {"state": (source.state, "merged"), "merged_into_id": (None, str(target.id))}
    source.state, source.status_id, source.merged_into_id = "merged", None, target.id
    record(work, source, "merged", changes=changes, reason=reason)
    await slas.follow(work, source)
    announcements.update(work, source, "merged_into_id", "state")


async def _send_on(work: Work, source: Ticket, target: Ticket) -> None:
    """What was merged into the source goes on to the target, so that there is one step from any ticket to its end."""
    earlier = (Ticket.account_id == work.account_id) & (Ticket.merged_into_id == source.id)
    for ticket in (await work.session.scalars(select(Ticket).where(earlier).with_for_update())).all():
        ticket.merged_into_id = target.id
        record(work, ticket, "merged", changes={"merged_into_id": (str(source.id), str(target.id))})


async def _leave_a_note(work: Work, target: Ticket, source: Ticket) -> None:
    """What the source was about, and what it was opened for, are read where the conversation goes on."""
    about = f"#{source.number} “{source.subject}” was merged into this ticket."
    notes.leave(work, target.id, "\n\n".join(filter(None, (about, source.description))))
    await work.session.flush()


async def _check_messages(work: Work, ticket: Ticket, message_ids: Sequence[UUID]) -> None:
    mine = (Message.account_id == work.account_id) & (Message.ticket_id == ticket.id) & Message.id.in_(message_ids)
    known = set(await work.session.scalars(select(Message.id).where(mine)))
    problems = tuple(
        FieldProblem(f"/message_ids/{place}", "unknown_message", "is no message of this ticket")
        for place, message_id in enumerate(message_ids)
        if message_id not in known
    )
    if problems:
        raise Unacceptable("Some messages are not of this ticket; `errors` says which.", errors=problems)


async def _move_messages(work: Work, ticket: Ticket, to: UUID, message_ids: Sequence[UUID]) -> None:
    said = (Message.account_id == work.account_id) & (Message.ticket_id == ticket.id) & Message.id.in_(message_ids)
    await work.session.execute(update(Message).where(said).values(ticket_id=to))
    await attachments.move_with(work, message_ids, to)
    heard = (Heard.account_id == work.account_id) & (Heard.ticket_id == ticket.id) & Heard.message_id.in_(message_ids)
    await work.session.execute(update(Heard).where(heard).values(ticket_id=to))


def _link(work: Work, opening: Opening, opened: Opened, ticket: Ticket) -> None:
    work.session.add(
        Link(
            account_id=work.account_id,
            ticket_id=opening.ticket_id,
            other_id=ticket.id,
            kind="split",
            author=str(work.actor),
            created_at=work.now,
        )
    )
