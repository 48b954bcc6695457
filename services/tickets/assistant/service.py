"""Conversations: the assistant answers until it hands over; from then on they are a person's, and stay so."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Select, or_, select

from services.tickets.access import service as access
from services.tickets.assistant import handoffs, lines, outcomes, signals, talking
from services.tickets.assistant.models import Conversation
from services.tickets.assistant.retrieval import candidate, candidates
from services.tickets.assistant.settings import settings_of
from services.tickets.assistant.talking import HandOver, Known, Phrased, Reply
from services.tickets.assistant.words import words_in
from services.tickets.cases.history import record
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket, lock_living
from services.tickets.cases.states import ACTIVE
from services.tickets.conversation.models import Message
from services.tickets.heard import service as heard
from services.tickets.slas import service as slas
from shared.contracts.conversations import ConversationContinued, ConversationStarted
from shared.http.errors import AppError, NotFound, TooMany
from shared.ids import new_id
from shared.work import Work

log = structlog.get_logger(__name__)

IDLE: Final = "assistant.idle"
IDLE_AFTER: Final = timedelta(hours=24)
# Whoever has said that much to a machine and goes on is a machine, or needs another way.
MOST_MESSAGES: Final = 300
_MOST_TICKETS: Final = 5


class NoSuchConversation(NotFound):
    """There is no such conversation."""


async def begin(
    work: Work, *, text: str, message_id: UUID | None, phrased: Phrased | None = None, **who: Any
) -> Conversation:
    """Somebody speaks first. `who`: `api_key_id`, `customer_id` if it is proven, `name`, `locale` and `channel`."""
    conversation = Conversation(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        state="bot",
        offered=[],
        started_at=work.now,
        updated_at=work.now,
        **dict.fromkeys(("clarifications", "unknowns", "customer_messages", "bot_replies", "human_replies"), 0),
        reopened_count=0,
        **who,
    )
    work.session.add(conversation)
    await work.session.flush()
    started = ConversationStarted(
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        channel=conversation.channel,
        locale=conversation.locale,
        started_at=work.now,
    )
    work.emit(started, subject=conversation.id)
    await say(work, conversation, text, message_id, phrased)
    return conversation


async def say(
    work: Work, conversation: Conversation, text: str, message_id: UUID | None, phrased: Phrased | None = None
) -> None:
    """The customer says something, and is answered. The same message again is nothing new. It is locked."""
    if conversation.customer_messages >= MOST_MESSAGES:
        raise TooMany("This conversation is very long. Begin another one.", retry_after=60)
    before = await known_of(work, conversation)
    line = await lines.customer_says(work, conversation, text, message_id or new_id())
    if line is None:
        return
    line.model = phrased.sent_to if phrased is not None else None
    conversation.version += 1
    if conversation.ticket_id is not None:
        # A person has it, and keeps it: the assistant says nothing more here, whatever becomes of the ticket.
        await _pass_on(work, conversation, conversation.ticket_id, line.id, text)
        return
    conversation.state = "bot"
    done = await _response(work, conversation, text, before, phrased)
    if isinstance(done, HandOver):
        await handoffs.hand_over(work, conversation, done.reason)
        await work.cancel(IDLE, key=str(conversation.id))
        return
    conversation.clarifications += done.kind == "clarify"
    conversation.unknowns = conversation.unknowns + 1 if done.kind == "unknown" else 0
    conversation.offered = [list(one) for one in done.offered]
    await lines.bot_says(
        work,
        conversation,
        done.kind,
        done.text,
        citations=done.citations,
        confidence=done.confidence,
        model=done.model,
    )
    await work.schedule(IDLE, key=str(conversation.id), due_at=work.now + IDLE_AFTER)


async def ask_for_person(work: Work, conversation: Conversation) -> None:
    """As if the customer had said so. A conversation that a person has already stays as it is."""
    if conversation.ticket_id is None:
        conversation.version += 1
        await handoffs.hand_over(work, conversation, "customer_asked")
        await work.cancel(IDLE, key=str(conversation.id))


async def end(work: Work, conversation: Conversation, *, resolved: bool, rating: int | None) -> None:
    """The customer has what they wanted, or goes. What a person has ends with its ticket; the rating is kept."""
    conversation.rating = rating if rating is not None else conversation.rating
    conversation.version += 1
    if conversation.ticket_id is None:
        await work.cancel(IDLE, key=str(conversation.id))
        outcomes.end(work, conversation, resolved=resolved)


async def find(work: Work, conversation_id: UUID, *, lock: bool = False) -> Conversation:
    """Raises `NoSuchConversation`."""
    statement = listed(work).where(Conversation.id == conversation_id)
    found: Conversation | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NoSuchConversation
    if found.ticket_id is not None:
        # What a team has in hand is seen by whoever sees its ticket.
        await find_ticket(work, found.ticket_id)
    return found


def listed(work: Work) -> Select[Any]:
    mine = select(Conversation).where(Conversation.account_id == work.account_id)
    seen = access.visible(work)
    if not seen:
        return mine
    tickets = select(Ticket.id).where(Ticket.account_id == work.account_id, *seen)
    return mine.where(or_(Conversation.ticket_id.is_(None), Conversation.ticket_id.in_(tickets)))


async def known_of(work: Work, conversation: Conversation) -> Known:
    """What was said in it so far."""
    said = await lines.all_of(work, conversation.id)
    return Known(
        asked=[line.text for line in said if line.author == "customer"],
        shown=[citation["article_id"] for line in said for citation in line.citations],
        clarifications=conversation.clarifications,
        unknowns=conversation.unknowns,
    )


async def _response(
    work: Work, conversation: Conversation, text: str, known: Known, phrased: Phrased | None
) -> Reply | HandOver:
    settings, words = await settings_of(work), words_in(conversation.locale)
    if not settings.enabled:
        return HandOver("policy")
    offered = dict(conversation.offered)
    choice = signals.chosen(text, offered)
    if choice is None and (decided := talking.at_once(text, known, settings.policy_words)) is not None:
        return decided
    if choice is None and signals.asks_for_status(text):
        return await _status(work, conversation)
    try:
        # What goes wrong in here must not cost the customer the way out.
        async with work.session.begin_nested():
            if choice is not None:
                picked = await candidate(work, choice, known.asked[-1] if known.asked else text, conversation.locale)
                return talking.answer(picked) if picked is not None else HandOver("failure")
            found = await candidates(work, text, conversation.locale)
    except AppError:
        raise
    except Exception:
        log.exception("assistant_failed", conversation=str(conversation.id))
        return HandOver("failure")
    return talking.respond(found, known, words, phrased)


async def _status(work: Work, conversation: Conversation) -> Reply:
    """Of the customer's own tickets, and only if it is proven who they are."""
    words = words_in(conversation.locale)
    if conversation.customer_id is None:
        return Reply("status", words["status_unproven"])
    mine = (Ticket.account_id == work.account_id) & (Ticket.customer_id == conversation.customer_id)
    recent = select(Ticket).where(mine, Ticket.state.in_(ACTIVE)).order_by(Ticket.opened_at.desc())
    found = await work.session.scalars(recent.limit(_MOST_TICKETS))
    told = "\n".join(f"#{ticket.number} {ticket.subject}: {words['states'][ticket.state]}" for ticket in found)
    return Reply("status", words["status"].format(tickets=told) if told else words["status_none"])


async def _pass_on(work: Work, conversation: Conversation, ticket_id: UUID, message_id: UUID, text: str) -> None:
    """Into the ticket, which wakes if it was resolved."""
    ticket = await lock_living(work, ticket_id)
    slas.settle(work, ticket)
    ticket = await heard.wake(work, ticket, work.now, conversation.id)
    conversation.ticket_id = ticket.id
    message = Message(
        id=new_id(),
        account_id=work.account_id,
        ticket_id=ticket.id,
        internal=False,
        text=text,
        author=lines.author_of(conversation),
        author_name=conversation.name or "Customer",
        created_at=work.now,
    )
    work.session.add(message)
    record(work, ticket, "heard")
    await slas.follow(work, ticket)
    told = ConversationContinued(
        conversation_id=conversation.id,
        ticket_id=ticket.id,
        message_id=message_id,
        customer_id=conversation.customer_id,
        text=text,
        assignee_id=ticket.assignee_id,
    )
    work.emit(told, subject=ticket.id, version=ticket.version)
