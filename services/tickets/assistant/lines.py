"""What is said in a conversation, in its order."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from services.tickets.assistant.models import Conversation, Line, LineKind
from services.tickets.assistant.words import words_in
from shared.ids import new_id
from shared.work import Work

MOST_AT_ONCE: Final = 200


async def customer_says(work: Work, conversation: Conversation, text: str, message_id: UUID) -> Line | None:
    """None if this message was heard before."""
    if await work.session.get(Line, (conversation.id, message_id)) is not None:
        return None
    conversation.customer_messages += 1
    return await add(work, conversation, Line(id=message_id, author="customer", name=conversation.name, text=text))


async def bot_says(
    work: Work,
    conversation: Conversation,
    kind: LineKind,
    text: str,
    *,
    citations: Sequence[dict[str, Any]] = (),
    confidence: float | None = None,
    model: str | None = None,
) -> None:
    conversation.bot_replies += 1
    conversation.first_bot_reply_at = conversation.first_bot_reply_at or work.now
    conversation.last_bot_reply_at = work.now
    name = words_in(conversation.locale)["name"]
    line = Line(id=new_id(), author="bot", name=name, kind=kind, text=text, confidence=confidence)
    line.citations, line.model = list(citations), model
    await add(work, conversation, line)


async def add(work: Work, conversation: Conversation, line: Line) -> Line:
    """At the end. The conversation is locked, so nobody else takes the same place."""
    line.account_id, line.conversation_id = work.account_id, conversation.id
    line.kind, line.citations = line.kind or "said", line.citations or []
    line.place = conversation.customer_messages + conversation.bot_replies + conversation.human_replies
    line.written_at = conversation.updated_at = work.now
    work.session.add(line)
    await work.session.flush()
    return line


async def all_of(work: Work, conversation_id: UUID) -> list[Line]:
    return list(await work.session.scalars(_listed(work, conversation_id)))


async def since(work: Work, conversation_id: UUID, after: UUID | None) -> list[Line]:
    """What was said after a message; one that nobody knows is the beginning."""
    seen = await work.session.get(Line, (conversation_id, after)) if after is not None else None
    statement = _listed(work, conversation_id).limit(MOST_AT_ONCE)
    if seen is not None:
        statement = statement.where(Line.place > seen.place)
    return list(await work.session.scalars(statement))


def author_of(conversation: Conversation) -> str:
    return f"customer:{conversation.customer_id}" if conversation.customer_id else "customer"


def _listed(work: Work, conversation_id: UUID) -> Select[Any]:
    mine = (Line.account_id == work.account_id) & (Line.conversation_id == conversation_id)
    return select(Line).where(mine).order_by(Line.place)
