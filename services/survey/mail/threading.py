"""Which conversation a mail belongs to, and which ticket: by what it proves, then by what it says.

In this order: a signed token, in an address that it was sent to or in a Message-ID of ours; the mails that it answers,
encloses, or that answered it before it came; a number in its subject, if its author has to do with that ticket. What
leads nowhere begins a conversation, and nobody learns that it named another.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert

from services.survey.contacts import directory
from services.survey.feedback.models import Feedback
from services.survey.hearing.canonical import FeedbackItem, Mail
from services.survey.hearing.sender import Sender
from services.survey.hearing.versions import feedback_id_of
from services.survey.mail.models import HeardMail, MailTicket
from shared.auth.addresses import TICKET, reply_addresses
from shared.bus.events import Event
from shared.contracts.mail import MailReceived
from shared.contracts.tickets import TicketOpened
from shared.work import Work

# So many mails from one author in so short a time are two machines that answer each other.
MOST_IN_A_ROW: Final = 10
IN_A_ROW: Final = timedelta(minutes=10)
_NUMBER: Final = re.compile(r"\[#(\d{1,12})\]")
# Mails are placed one after the other: the second of two that belong together sees the first.
_PLACING: Final = text("select pg_advisory_xact_lock(hashtextextended('survey.mails ' || :account_id, 0))")


@dataclass(frozen=True, slots=True)
class _Place:
    thread_id: UUID
    ticket: MailTicket | None = None
    ticket_id: UUID | None = None


async def place(work: Work, source: Sender, item: FeedbackItem) -> FeedbackItem:
    """The item with its conversation and ticket, and `automatic` if it is one too many. Others hear of a new mail."""
    mail, sender = item.mail, item.author.email
    if mail is None or sender is None:
        return item
    await work.session.execute(_PLACING, {"account_id": str(work.account_id)})
    found = await _find(work, item, mail, sender)
    automatic = item.automatic or ("loop" if await _comes_in_a_row(work, item, sender) else None)
    placed = item.model_copy(
        update={
            "thread": str(found.thread_id),
            "ticket_id": str(found.ticket_id) if found.ticket_id else None,
            "automatic": automatic,
        }
    )
    trusted = automatic is None and await _may_be_answered(work, item, sender, found)
    feedback_id = feedback_id_of(source.id, item.external_id)
    # A stranger takes no part by writing, or could be answered the second time.
    people = [sender, *mail.copies] if trusted else []
    if await _is_new(work, feedback_id, placed, mail, found.thread_id, people):
        received = MailReceived(
            thread_id=found.thread_id,
            feedback_id=feedback_id,
            ticket_id=found.ticket_id,
            message_id=mail.message_id,
            references=mail.references,
            mailbox=mail.mailbox,
            address=mail.reply_to or sender,
            copies=mail.copies,
            subject=item.title,
            automatic=automatic,
            trusted=trusted,
            occurred_at=item.occurred_at,
        )
        work.emit(received, subject=found.thread_id)
    return placed


async def remember_ticket(work: Work, event: Event[TicketOpened]) -> None:
    """So that what comes later about the same finds it."""
    opened = event.data
    thread_id = opened.thread_id
    if thread_id is None and opened.origin.feedback_id is not None:
        mine = (Feedback.account_id == work.account_id) & (Feedback.id == opened.origin.feedback_id)
        thread_id = await work.session.scalar(select(Feedback.thread_id).where(mine))
    values = {
        "account_id": work.account_id,
        "ticket_id": opened.ticket_id,
        "number": opened.number,
        "customer_id": opened.customer_id,
        "thread_id": thread_id,
    }
    await work.session.execute(insert(MailTicket).values(values).on_conflict_do_nothing())


async def _find(work: Work, item: FeedbackItem, mail: Mail, sender: str) -> _Place:
    signer = reply_addresses(work.settings)
    for written in (*mail.recipients, *reversed(mail.references)):
        ticket_id = signer.read(written, TICKET, work.account_id)
        if ticket_id is not None:
            thread_id = await _thread_of(work, mail, sender)
            ticket = await work.session.get(MailTicket, (work.account_id, ticket_id))
            if ticket is not None and ticket.thread_id is not None:
                thread_id = ticket.thread_id
            return _Place(thread_id or uuid5(work.account_id, f"ticket:{ticket_id}"), ticket, ticket_id)
    thread_id = await _thread_of(work, mail, sender)
    if thread_id is not None:
        return _placed(thread_id, await _newest_ticket(work, thread_id))
    if (ticket := await _numbered(work, item, sender)) is not None:
        return _placed(ticket.thread_id or uuid5(work.account_id, f"ticket:{ticket.ticket_id}"), ticket)
    return _Place(uuid5(work.account_id, f"mail:{mail.message_id}:{sender}"))


def _placed(thread_id: UUID, ticket: MailTicket | None) -> _Place:
    return _Place(thread_id, ticket, ticket.ticket_id if ticket else None)


async def _thread_of(work: Work, mail: Mail, sender: str) -> UUID | None:
    """By the nearest of the mails that it names; a mail may also come after one that answers it, or before the one
    that its author has answered already."""
    nearest = [mail.message_id, *reversed(mail.references), *mail.enclosed]
    named = or_(HeardMail.message_id.in_(nearest), HeardMail.answers == mail.message_id)
    if mail.references:
        named = or_(named, and_(HeardMail.answers == mail.references[-1], HeardMail.sender == sender))
    statement = select(HeardMail).where(HeardMail.account_id == work.account_id, named).order_by(HeardMail.occurred_at)
    found = (await work.session.scalars(statement)).all()
    by_id = {each.message_id: each.thread_id for each in found}
    known = next((by_id[message_id] for message_id in nearest if message_id in by_id), None)
    return known or next((each.thread_id for each in found), None)


async def _newest_ticket(work: Work, thread_id: UUID) -> MailTicket | None:
    mine = (MailTicket.account_id == work.account_id) & (MailTicket.thread_id == thread_id)
    return await work.session.scalar(select(MailTicket).where(mine).order_by(MailTicket.number.desc()).limit(1))


async def _numbered(work: Work, item: FeedbackItem, sender: str) -> MailTicket | None:
    """Anybody can write a number; only who has to do with the ticket means it. An unproven author has not."""
    number = _NUMBER.search(item.title or "")
    if number is None or not item.author.verified:
        return None
    mine = (MailTicket.account_id == work.account_id) & (MailTicket.number == int(number[1]))
    ticket = await work.session.scalar(select(MailTicket).where(mine))
    if ticket is None:
        return None
    took_part = ticket.thread_id is not None and sender in await _people(work, ticket.thread_id)
    return ticket if took_part or await _is_customer(work, sender, ticket.customer_id) else None


async def _may_be_answered(work: Work, item: FeedbackItem, sender: str, found: _Place) -> bool:
    """Who begins a conversation is answered. Who joins one is only if they took part in it, or the ticket is theirs: an
    answer tells what was said before."""
    people = await _people(work, found.thread_id)
    if not people and found.ticket_id is None:
        return True
    if not item.author.verified:
        return False
    customer_id = found.ticket.customer_id if found.ticket else None
    return sender in people or await _is_customer(work, sender, customer_id)


async def _people(work: Work, thread_id: UUID) -> Collection[str]:
    statement = select(HeardMail.people).where(HeardMail.account_id == work.account_id)
    found: Sequence[list[str]] = (await work.session.scalars(statement.where(HeardMail.thread_id == thread_id))).all()
    return {person for people in found for person in people}


async def _is_customer(work: Work, sender: str, customer_id: UUID | None) -> bool:
    if customer_id is None:
        return False
    contact = (await directory.by_identifier(work, "email", [sender])).get(sender)
    present = await directory.by_id(work, [customer_id])
    return contact is not None and any(each.customer_id == contact.customer_id for each in present.values())


async def _comes_in_a_row(work: Work, item: FeedbackItem, sender: str) -> bool:
    """By when they were written: a mailbox that is read for the first time brings many at once."""
    statement = select(func.count()).where(
        HeardMail.account_id == work.account_id,
        HeardMail.sender == sender,
        HeardMail.occurred_at.between(item.occurred_at - IN_A_ROW, item.occurred_at + IN_A_ROW),
    )
    return (await work.session.scalar(statement) or 0) >= MOST_IN_A_ROW


async def _is_new(
    work: Work, feedback_id: UUID, item: FeedbackItem, mail: Mail, thread_id: UUID, people: list[str]
) -> bool:
    values = {
        "account_id": work.account_id,
        "feedback_id": feedback_id,
        "thread_id": thread_id,
        "message_id": mail.message_id,
        "answers": mail.references[-1] if mail.references else None,
        "sender": item.author.email,
        "people": people,
        "occurred_at": item.occurred_at,
    }
    statement = insert(HeardMail).values(values).on_conflict_do_nothing().returning(HeardMail.feedback_id)
    return await work.session.scalar(statement) is not None
