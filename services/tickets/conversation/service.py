"""Answers to the customer, and notes among colleagues."""

from uuid import UUID

from sqlalchemy import Select, select

from services.tickets.attachments import service as attachments
from services.tickets.cases import service as tickets
from services.tickets.cases.collisions import check_nothing_said
from services.tickets.cases.history import moment_of, record
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket, lock_ticket
from services.tickets.cases.states import check_not_over
from services.tickets.conversation.models import Message
from services.tickets.conversation.schemas import NewMessage
from services.tickets.loops import service as loops
from services.tickets.people import service as people
from services.tickets.search import service as search
from services.tickets.slas import service as slas
from services.tickets.slas.clock import Target
from services.tickets.slas.life import is_in_person
from services.tickets.watchers import service as watchers
from shared.contracts.tickets import PeopleMentioned, TicketReplied
from shared.ids import new_id
from shared.work import Work

# Who signs what an API key or a rule writes.
NAMELESS = "Support"


async def write(work: Work, ticket_id: UUID, body: NewMessage) -> Message:
    """A note changes nothing but the conversation. An answer is a change of the ticket: of its clocks and its loop.

    Raises `NoSuchTicket`, `AnsweredMeanwhile`, `TicketClosed` or `TicketMerged` for an answer where nothing goes on, or
    `Unacceptable` for files that are not there.
    """
    if body.internal:
        return await _note(work, await find_ticket(work, ticket_id), body)
    ticket = await lock_ticket(work, ticket_id)
    check_not_over(ticket.state)
    await check_nothing_said(work, ticket, body.seen_version)
    message = await _keep(work, ticket, body)
    await _answer(work, ticket, message)
    return message


def messages_of(work: Work, ticket_id: UUID) -> Select[Message]:
    return select(Message).where(Message.account_id == work.account_id, Message.ticket_id == ticket_id)


async def _note(work: Work, ticket: Ticket, body: NewMessage) -> Message:
    message = await _keep(work, ticket, body)
    # Of all other changes an event tells.
    await search.refresh(work, [ticket.id])
    mentioned = watchers.mentioned_in(body.text, await people.known_to(work)) if "@" in body.text else []
    if mentioned:
        await watchers.add(work, ticket.id, mentioned, because="mentioned")
        told = PeopleMentioned(
            ticket_id=ticket.id,
            number=ticket.number,
            subject=ticket.subject,
            message_id=message.id,
            author_name=message.author_name,
            user_ids=tuple(mentioned),
        )
        work.emit(told, subject=ticket.id, version=ticket.version)
    return message


async def _answer(work: Work, ticket: Ticket, message: Message) -> None:
    slas.settle(work, ticket)
    at = moment_of(work, ticket)
    in_person = is_in_person(work.actor)
    first = in_person and ticket.first_responded_at is None
    if first:
        ticket.first_responded_at = at
    record(work, ticket, "replied")
    waited_for = (Target.FIRST_RESPONSE,) if first else (Target.NEXT_RESPONSE, Target.PERIODIC_UPDATE)
    clocks = await slas.follow(work, ticket, met=waited_for if in_person else ())
    taken = clocks.get(Target.FIRST_RESPONSE) if first else None
    replied = TicketReplied(
        ticket_id=ticket.id,
        number=ticket.number,
        message_id=message.id,
        subject=ticket.subject,
        text=message.text,
        author_name=message.author_name,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
        thread_id=ticket.thread_id,
        first_response=first,
        first_response_seconds=int(taken.elapsed.total_seconds()) if taken else None,
        attachments=await attachments.sent_with(work, message),
    )
    work.emit(replied, subject=ticket.id, version=ticket.version)
    await loops.advance(work, ticket, "contacted", at)
    await tickets.take_up(work, ticket)


async def _keep(work: Work, ticket: Ticket, body: NewMessage) -> Message:
    message = Message(
        id=new_id(),
        account_id=work.account_id,
        ticket_id=ticket.id,
        internal=body.internal,
        text=body.text,
        author=str(work.actor),
        author_name=await people.name_of_actor(work, work.actor) or NAMELESS,
        created_at=work.now,
    )
    work.session.add(message)
    await work.session.flush()
    await attachments.claim(work, message, body.attachment_ids)
    return message
