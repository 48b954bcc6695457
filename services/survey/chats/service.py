"""Chats: what visitors write becomes feedback of one conversation, and what staff answer comes back to them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.survey.chats.models import Chat, ChatMessage
from services.survey.chats.schemas import NewMessage
from services.survey.hearing.canonical import Author, FeedbackItem
from services.survey.hearing.service import hear
from services.survey.responses.suspicion import TRAPPED
from services.survey.sources.builtin import builtin_source
from shared.auth.links import Claim, LinkSigner
from shared.bus.events import Event
from shared.contracts.tickets import TicketReplied
from shared.http.errors import NotFound
from shared.replies import with_files
from shared.settings import ServiceSettings
from shared.work import Work

CHANNEL: Final = "chat"
MOST_AT_ONCE: Final = 200


class ChatNotFound(NotFound):
    """There is no such chat."""

    code = "chat_not_found"


def token_of(settings: ServiceSettings, chat: Chat) -> str:
    """What the page keeps to come back with."""
    return _signer(settings).token(Claim(0, chat.account_id, chat.id))


def chat_in(settings: ServiceSettings, token: str) -> UUID:
    """Raises `ChatNotFound`."""
    claim = _signer(settings).read(token)
    if claim is None:
        raise ChatNotFound
    return claim.target_id


def chat_begun_with(api_key_id: UUID, message: NewMessage) -> UUID:
    """The same beginning again is the same chat; only who wrote it knows both its id and its words."""
    return uuid5(api_key_id, f"chat:{message.message_id}:{message.text}")


async def begin(work: Work, chat: Chat, message: NewMessage, *, suspicious: Sequence[str]) -> None:
    """The visitor's first message. The same again, however many at once, is nothing new."""
    values = {column.key: getattr(chat, column.key) for column in Chat.__table__.columns}
    added = insert(Chat).values(values).on_conflict_do_nothing().returning(Chat.id)
    if await work.session.scalar(added) is not None:
        await write(work, chat, message, suspicious=suspicious)


async def read(work: Work, chat_id: UUID) -> Chat:
    """Raises `ChatNotFound`."""
    found = await work.session.scalar(select(Chat).where(Chat.id == chat_id, Chat.account_id == work.account_id))
    if found is None:
        raise ChatNotFound
    return found


async def write(work: Work, chat: Chat, message: NewMessage, *, suspicious: Sequence[str] = ()) -> None:
    """The visitor says something. The same message again is nothing new."""
    added = await _add(work, chat.id, message.message_id, author="visitor", name=chat.name, text=message.text)
    if not added:
        return
    item = FeedbackItem(
        external_id=f"{chat.id}/{message.message_id}",
        occurred_at=work.now,
        author=Author(
            name=chat.name,
            email=chat.email,
            phone=chat.phone,
            external_id=chat.external_id,
            anonymous=not (chat.email or chat.phone or chat.external_id),
            verified=chat.verified,
            answerable=not chat.verified and TRAPPED not in suspicious,
        ),
        kind="message",
        channel=CHANNEL,
        text=message.text,
        language=chat.language,
        url=chat.page,
        thread=str(chat.id),
        suspicious=tuple(suspicious),
    )
    await hear(work, await builtin_source(work, CHANNEL), [item])


async def answer(work: Work, event: Event[TicketReplied]) -> None:
    """What staff answer in the ticket of a chat stands in the chat."""
    reply = event.data
    if reply.thread_id is None:
        return
    mine = (Chat.id == reply.thread_id, Chat.account_id == work.account_id)
    if await work.session.scalar(select(Chat.id).where(*mine)) is not None:
        text = with_files(reply.text, reply.attachments)
        await _add(work, reply.thread_id, reply.message_id, author="staff", name=reply.author_name, text=text)


async def messages(work: Work, chat_id: UUID, after: UUID | None) -> Sequence[ChatMessage]:
    """In order, from behind the message `after`. One that nobody knows is the beginning."""
    mine = (ChatMessage.account_id == work.account_id, ChatMessage.chat_id == chat_id)
    statement = select(ChatMessage).where(*mine).order_by(ChatMessage.written_at, ChatMessage.id).limit(MOST_AT_ONCE)
    if after is not None:
        seen = await work.session.scalar(select(ChatMessage.written_at).where(*mine, ChatMessage.id == after))
        if seen is not None:
            statement = statement.where(tuple_(ChatMessage.written_at, ChatMessage.id) > (seen, after))
    return (await work.session.scalars(statement)).all()


async def _add(work: Work, chat_id: UUID, message_id: UUID, *, author: str, name: str | None, text: str) -> bool:
    values = {
        "account_id": work.account_id,
        "chat_id": chat_id,
        "id": message_id,
        "author": author,
        "name": name,
        "text": text,
        "written_at": work.now,
    }
    statement = insert(ChatMessage).values(values).on_conflict_do_nothing().returning(ChatMessage.id)
    return await work.session.scalar(statement) is not None


def _signer(settings: ServiceSettings) -> LinkSigner:
    return LinkSigner(settings.derived_key("survey.chat"))
