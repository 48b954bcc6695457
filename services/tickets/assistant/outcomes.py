"""What became of conversations: who answered, when, and how they ended. People's time and the assistant's are apart."""

from uuid import UUID

from sqlalchemy import select

from services.tickets.assistant import handoffs, lines
from services.tickets.assistant.models import Conversation, Handoff, Line
from services.tickets.slas.life import is_in_person
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.conversations import ConversationEnded, HandoffAnswered
from shared.contracts.tickets import TicketReopened, TicketReplied, TicketResolved
from shared.work import Work


async def hear_staff(work: Work, event: Event[TicketReplied]) -> None:
    """What is answered in the ticket stands in the conversation. Only a person's answer ends the watch."""
    reply = event.data
    conversation = await _of_thread(work, reply.thread_id)
    if conversation is None or await work.session.get(Line, (conversation.id, reply.message_id)) is not None:
        return
    in_person = is_in_person(event.actor)
    if in_person:
        conversation.human_replies += 1
        conversation.first_human_reply_at = conversation.first_human_reply_at or event.time
        conversation.state = "human"
    else:
        conversation.bot_replies += 1
    line = Line(id=reply.message_id, name=reply.author_name, text=reply.text, author="human" if in_person else "bot")
    await lines.add(work, conversation, line)
    conversation.version += 1
    if in_person:
        await _stop_watch(work, conversation, event)


async def hear_resolved(work: Work, event: Event[TicketResolved]) -> None:
    conversation = await _of_thread(work, event.data.thread_id)
    if conversation is not None:
        conversation.version += 1
        await work.cancel(handoffs.WATCH, key=str(conversation.id))
        end(work, conversation, resolved=True)


async def hear_reopened(work: Work, event: Event[TicketReopened]) -> None:
    """It is the same people's as before; the assistant does not begin again."""
    mine = (Conversation.account_id == work.account_id) & (Conversation.ticket_id == event.data.ticket_id)
    conversation = await work.session.scalar(select(Conversation).where(mine).with_for_update())
    if conversation is not None:
        conversation.version += 1
        conversation.reopened_count += 1
        conversation.state, conversation.resolved_at = "human", None


async def fall_asleep(work: Work, timer: Timer) -> None:
    """Nobody said anything for a day: it ended without anybody saying so."""
    conversation = await work.session.get(Conversation, UUID(timer.key), with_for_update=True)
    if conversation is not None and conversation.state == "bot":
        conversation.version += 1
        end(work, conversation, resolved=False)


def end(work: Work, conversation: Conversation, *, resolved: bool) -> None:
    conversation.state, conversation.updated_at = "ended", work.now
    conversation.resolved_at = work.now if resolved else None
    handed_off_at = conversation.handed_off_at
    ended = ConversationEnded(
        conversation_id=conversation.id,
        ticket_id=conversation.ticket_id,
        customer_id=conversation.customer_id,
        resolved=resolved,
        handoff_reason=conversation.handoff_reason,
        customer_messages=conversation.customer_messages,
        bot_replies=conversation.bot_replies,
        human_replies=conversation.human_replies,
        bot_seconds=int(((handed_off_at or work.now) - conversation.started_at).total_seconds()),
        human_seconds=int((work.now - handed_off_at).total_seconds()) if handed_off_at else 0,
        reopened=conversation.reopened_count,
        rating=conversation.rating,
        ended_at=work.now,
    )
    work.emit(ended, subject=conversation.id, version=conversation.version)


async def _of_thread(work: Work, thread_id: UUID | None) -> Conversation | None:
    if thread_id is None:
        return None
    mine = (Conversation.account_id == work.account_id) & (Conversation.id == thread_id)
    found: Conversation | None = await work.session.scalar(select(Conversation).where(mine).with_for_update())
    return found


async def _stop_watch(work: Work, conversation: Conversation, event: Event[TicketReplied]) -> None:
    handoff = await work.session.get(Handoff, conversation.id, with_for_update=True)
    if handoff is None or handoff.answered_at is not None:
        return
    handoff.answered_at, handoff.due_at = event.time, None
    await work.cancel(handoffs.WATCH, key=str(conversation.id))
    answered = HandoffAnswered(
        conversation_id=conversation.id,
        ticket_id=handoff.ticket_id,
        reason=handoff.reason,
        seconds=max(0, int((event.time - handoff.at).total_seconds())),
        step=handoff.step,
    )
    work.emit(answered, subject=conversation.id, version=conversation.version)
