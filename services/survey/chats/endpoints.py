"""`/w/{key}/chats`: the chat on a business's own pages. Staff answer in the ticket that it opens."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Request, Response
from starlette.routing import Route

from services.survey.chats import service as chats
from services.survey.chats.models import Chat, ChatMessage
from services.survey.chats.schemas import ChatOut, MessageOut, MessagesOut, NewChat, NewMessage
from services.survey.forms.visitors import author_of, page_of, signs_of
from services.survey.widget.door import DOOR, VISITOR
from services.survey.widget.endpoints import json_answer
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import Unacceptable
from shared.visitors.door import Guest, read_body


async def begin(request: Request, guest: Guest) -> Response:
    """The first message. Answers with the key to the chat, which the page keeps."""
    body, settings = await read_body(request, NewChat), runtime_of(request).settings
    author = author_of(request, guest, body)
    suspicious = signs_of(request, guest, body, str(body.message_id))
    async with public_work(request, guest.account_id, VISITOR) as work:
        chat = Chat(
            id=chats.chat_begun_with(guest.api_key_id, body),
            account_id=guest.account_id,
            api_key_id=guest.api_key_id,
            **author.model_dump(include={"name", "email", "phone", "external_id", "verified"}),
            language=body.language,
            page=page_of(body),
            started_at=work.now,
        )
        await chats.begin(work, chat, body, suspicious=suspicious)
        found = await chats.messages(work, chat.id, None)
        out = ChatOut(chat=chats.token_of(settings, chat), messages=_shown(found))
    return json_answer(out.model_dump(), 201)


async def say(request: Request, guest: Guest) -> Response:
    """One more message of the visitor's."""
    body, chat_id = await read_body(request, NewMessage), _chat_id(request)
    async with public_work(request, guest.account_id, VISITOR) as work:
        await chats.write(work, await chats.read(work, chat_id), body)
        found = await chats.messages(work, chat_id, None)
    return json_answer(_page(found).model_dump(), 201)


async def listen(request: Request, guest: Guest) -> Response:
    """What was said since the message `after`; the page asks again every few seconds."""
    chat_id, after = _chat_id(request), _uuid(request.query_params.get("after"))
    async with public_work(request, guest.account_id, VISITOR) as work:
        await chats.read(work, chat_id)
        found = await chats.messages(work, chat_id, after)
    return json_answer(_page(found).model_dump())


def _chat_id(request: Request) -> UUID:
    return chats.chat_in(runtime_of(request).settings, request.path_params["chat"])


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Unacceptable.field("query:after", "uuid_parsing", "`after` is the id of a message.") from None


def _shown(found: Sequence[ChatMessage]) -> list[MessageOut]:
    return [MessageOut.model_validate(each) for each in found]


def _page(found: Sequence[ChatMessage]) -> MessagesOut:
    return MessagesOut(messages=_shown(found), after=str(found[-1].id) if found else None)


ROUTES = (
    Route("/w/{key}/chats", DOOR.guarded(begin), methods=["POST"]),
    Route("/w/{key}/chats/{chat}/messages", DOOR.guarded(say), methods=["POST"]),
    Route("/w/{key}/chats/{chat}/messages", DOOR.guarded(listen), methods=["GET"]),
)
