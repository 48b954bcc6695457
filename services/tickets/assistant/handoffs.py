"""From the assistant to a person: a ticket with all that was said and tried, and a watch over its being answered.

The handoff is an action with a reason, never something in the words of an answer. The customer is told at once, and
told again whenever somebody else has to take over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.tickets.assistant import lines
from services.tickets.assistant.models import Conversation, Handoff, Line
from services.tickets.assistant.schemas import AssistantIn
from services.tickets.assistant.settings import settings_of
from services.tickets.assistant.words import words_in
from services.tickets.cases import service as tickets
from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import Author, Opened, Opening
from services.tickets.cases.repository import find_ticket
from services.tickets.cases.schemas import TicketPatch
from services.tickets.cases.states import ACTIVE
from services.tickets.conversation.models import Message
from services.tickets.people.models import Person
from services.tickets.routing.among import somebody_of
from shared.bus.subscriptions import Timer
from shared.contracts.conversations import ConversationHandedOff, HandoffEscalated, HandoffReason
from shared.contracts.tickets import Priority
from shared.ids import new_id
from shared.work import Work

WATCH: Final = "assistant.handoff"
TAG: Final = "assistant"
BOT: Final = "bot:assistant"
_LONGEST_SUBJECT: Final = 120
_PRESSING: Final[frozenset[HandoffReason]] = frozenset({"sentiment", "policy"})


async def hand_over(work: Work, conversation: Conversation, reason: HandoffReason) -> None:
    """Open the ticket, put everything into it, tell the customer, and set the alarm. Done once for a conversation."""
    settings, ticket_id = await settings_of(work), new_id()
    said = await lines.all_of(work, conversation.id)
    tried = _tried(said)
    opened = await tickets.open_ticket(
        work,
        Opening(
            author=Author.of(work),
            ticket_id=ticket_id,
            subject=_subject(said),
            description=_description(reason, tried),
            priority=_priority(reason),
            tags=[TAG],
            channel=conversation.channel,
            origin_kind="bot",
            assign=True,
            language=_language(conversation),
            customer_id=conversation.customer_id,
            thread_id=conversation.id,
            with_assistant_since=conversation.started_at,
        ),
    )
    if not isinstance(opened, Opened):
        raise opened
    _transcribe(work, conversation, ticket_id, said)
    due_at = work.now + timedelta(minutes=settings.answer_within_minutes)
    conversation.ticket_id, conversation.state = ticket_id, "handed_off"
    conversation.handed_off_at, conversation.handoff_reason = work.now, reason
    conversation.offered = []
    handoff = Handoff(
        account_id=work.account_id,
        conversation_id=conversation.id,
        ticket_id=ticket_id,
        reason=reason,
        tried=tried,
        step=0,
        assignee_id=opened.assignee_id,
        at=work.now,
        due_at=due_at,
    )
    work.session.add(handoff)
    await work.schedule(WATCH, key=str(conversation.id), due_at=due_at)
    words = words_in(conversation.locale)
    text = words["handoff"].format(reason=words["reasons"][reason], number=opened.number, due=_moment(due_at))
    await lines.bot_says(work, conversation, "handoff", text)
    told = ConversationHandedOff(
        conversation_id=conversation.id,
        ticket_id=ticket_id,
        customer_id=conversation.customer_id,
        reason=reason,
        assignee_id=opened.assignee_id,
        bot_replies=conversation.bot_replies,
        bot_seconds=int((work.now - conversation.started_at).total_seconds()),
        handed_off_at=work.now,
        due_at=due_at,
    )
    work.emit(told, subject=conversation.id, version=conversation.version)


async def climb(work: Work, timer: Timer) -> None:
    """Nobody has answered by the time that was promised: the next in the chain has it, and the customer is told; also
    if there is nobody left."""
    conversation = await work.session.get(Conversation, UUID(timer.key), with_for_update=True)
    handoff = await work.session.get(Handoff, UUID(timer.key), with_for_update=True)
    if conversation is None or handoff is None or handoff.answered_at is not None:
        return
    ticket = await find_ticket(work, handoff.ticket_id)
    if ticket.state not in ACTIVE:
        return
    settings, words = await settings_of(work), words_in(conversation.locale)
    handoff.step, assignee_id = await _next(work, settings, handoff.step, conversation, ticket)
    handoff.due_at = None
    text = words["unanswered"].format(number=ticket.number)
    if assignee_id is not None:
        handoff.assignee_id = assignee_id
        handoff.due_at = work.now + timedelta(minutes=settings.answer_within_minutes)
        await tickets.edit(work, ticket.id, TicketPatch(assignee_id=assignee_id, priority="urgent"), None)
        await work.schedule(WATCH, key=timer.key, due_at=handoff.due_at)
        text = words["waiting"].format(due=_moment(handoff.due_at))
    await lines.bot_says(work, conversation, "waiting", text)
    conversation.version += 1
    told = HandoffEscalated(
        conversation_id=conversation.id,
        ticket_id=ticket.id,
        step=handoff.step,
        assignee_id=assignee_id,
        due_at=handoff.due_at,
    )
    work.emit(told, subject=conversation.id, version=conversation.version)


async def _next(
    work: Work, settings: AssistantIn, climbed: int, conversation: Conversation, ticket: Ticket
) -> tuple[int, UUID | None]:
    """The next step, from 1, and somebody of the first role from there on that has anybody who can take it."""
    for step, role in enumerate(settings.chain[climbed:], climbed + 1):
        mine = (Person.account_id == work.account_id) & Person.active & (Person.role == role)
        people = (await work.session.scalars(select(Person.id).where(mine))).all()
        if (found := await somebody_of(work, ticket, people, _language(conversation))) is not None:
            return step, found
    return len(settings.chain) + 1, None


def _language(conversation: Conversation) -> str:
    return conversation.locale.partition("-")[0].lower()


def _transcribe(work: Work, conversation: Conversation, ticket_id: UUID, said: Sequence[Line]) -> None:
    bot = words_in(conversation.locale)["name"]
    customer = conversation.name or "Customer"
    for line in said:
        by_customer = line.author == "customer"
        message = Message(
            id=new_id(),
            account_id=work.account_id,
            ticket_id=ticket_id,
            internal=False,
            text=line.text,
            author=lines.author_of(conversation) if by_customer else BOT,
            author_name=customer if by_customer else bot,
            created_at=line.written_at,
        )
        work.session.add(message)


def _tried(said: Sequence[Line]) -> list[dict[str, Any]]:
    return list({citation["article_id"]: citation for line in said for citation in line.citations}.values())


def _subject(said: Sequence[Line]) -> str:
    """The first thing that the customer said, and that is more than a word."""
    spoken = [" ".join(line.text.split()) for line in said if line.author == "customer"]
    return next((text for text in spoken if " " in text), spoken[0])[:_LONGEST_SUBJECT]


def _description(reason: HandoffReason, tried: Sequence[dict[str, Any]]) -> str:
    shown = "".join(f"\n- {one['title']} {one['url']}" for one in tried)
    return f"Handed over by the assistant: {reason}.\nArticles the customer was shown: {shown or 'none'}"


def _priority(reason: HandoffReason) -> Priority:
    return "high" if reason in _PRESSING else "normal"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
