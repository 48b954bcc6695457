"""`/assistant/{key}/conversations`: the assistant on a business's own pages, by publishable key. Plain routes, for
pages of other origins."""

import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.tickets.assistant import lines
from services.tickets.assistant import service as conversations
from services.tickets.assistant.models import Conversation
from services.tickets.assistant.schemas import LineOut, NewMessage, NewVisit, VisitOut
from services.tickets.contacts import service as contacts
from services.tickets.phrasing import service as phrasing
from services.tickets.phrasing.service import Asked
from services.tickets.visitors.door import VISITOR, Guest, allowed, enter, identified
from shared.http.dependencies import public_work, runtime_of
from shared.http.problems import from_validation, problem_response, request_id_of, translate
from shared.settings import ServiceSettings
from shared.work import Work

CHANNEL: Final = "chat"
_PURPOSE: Final = "tickets.conversation"
_MAC_BYTES: Final = 16
B = TypeVar("B", bound=BaseModel)
Handler = Callable[[Request, Guest], Awaitable[Response]]


async def begin(request: Request, guest: Guest) -> Response:
    """The first message. Answers with the key to the conversation, which the page keeps."""
    body, settings = await _read(request, NewVisit), runtime_of(request).settings
    external_id = identified(settings, guest, body.identity)
    phrased = await phrasing.ask(request, guest.account_id, VISITOR, Asked(body.text, body.locale))
    async with public_work(request, guest.account_id, VISITOR) as work:
        customer_id = await contacts.known_as(work, external_id) if external_id is not None else None
        conversation = await conversations.begin(
            work,
            text=body.text,
            message_id=body.message_id,
            phrased=phrased,
            api_key_id=guest.api_key_id,
            customer_id=customer_id,
            name=body.name,
            locale=body.locale,
            channel=CHANNEL,
        )
        out = await _visit(work, settings, conversation, None)
    return JSONResponse(out.model_dump(mode="json"), 201)


async def say(request: Request, guest: Guest) -> Response:
    """What the visitor says next, and what was answered."""
    body, settings = await _read(request, NewMessage), runtime_of(request).settings
    asked = Asked(body.text, conversation_id=_conversation(request), message_id=body.message_id)
    phrased = await phrasing.ask(request, guest.account_id, VISITOR, asked)
    async with public_work(request, guest.account_id, VISITOR) as work:
        conversation = await conversations.find(work, _conversation(request), lock=True)
        seen = await lines.all_of(work, conversation.id)
        await conversations.say(work, conversation, body.text, body.message_id, phrased)
        out = await _visit(work, settings, conversation, seen[-1].id)
    return JSONResponse(out.model_dump(mode="json"), 201)


async def listen(request: Request, guest: Guest) -> Response:
    """What was said since the message `after`; the page asks again every few seconds, for people answer later."""
    settings, after = runtime_of(request).settings, _uuid(request.query_params.get("after", ""))
    async with public_work(request, guest.account_id, VISITOR) as work:
        conversation = await conversations.find(work, _conversation(request))
        out = await _visit(work, settings, conversation, after)
    return JSONResponse(out.model_dump(mode="json"))


def _guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A page may read why it was refused, if it may come in at all."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(request, await enter(request))
        except Exception as problem:
            return problem_response(translate(problem), request_id_of(request))

    return endpoint


async def _preflight(request: Request, guest: Guest) -> Response:
    asked = {"Access-Control-Allow-Methods": "GET, POST", "Access-Control-Allow-Headers": "Content-Type"}
    return Response(status_code=204, headers=allowed(guest.origin) | asked | {"Access-Control-Max-Age": "600"})


ROUTES = (
    Route("/assistant/{key}/conversations", _guarded(begin), methods=["POST"]),
    Route("/assistant/{key}/conversations/{chat}/messages", _guarded(say), methods=["POST"]),
    Route("/assistant/{key}/conversations/{chat}/messages", _guarded(listen), methods=["GET"]),
    Route("/assistant/{key}/{rest:path}", _guarded(_preflight), methods=["OPTIONS"]),
)


async def _visit(work: Work, settings: ServiceSettings, conversation: Conversation, after: UUID | None) -> VisitOut:
    said = await lines.since(work, conversation.id, after)
    shown = [LineOut.model_validate(line) for line in said]
    return VisitOut(chat=token_of(settings, conversation.id), state=conversation.state, messages=shown)


def token_of(settings: ServiceSettings, conversation_id: UUID) -> str:
    """128 bits that nobody guesses, and whose conversation it is."""
    return base64.urlsafe_b64encode(conversation_id.bytes + _mac(settings, conversation_id)).decode().rstrip("=")


def _conversation(request: Request) -> UUID:
    """Raises `NoSuchConversation`."""
    token = request.path_params["chat"]
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        conversation_id = UUID(bytes=raw[:16])
    except ValueError:
        raise conversations.NoSuchConversation from None
    if not hmac.compare_digest(raw[16:], _mac(runtime_of(request).settings, conversation_id)):
        raise conversations.NoSuchConversation
    return conversation_id


def _mac(settings: ServiceSettings, conversation_id: UUID) -> bytes:
    return hmac.digest(settings.derived_key(_PURPOSE), conversation_id.bytes, "sha256")[:_MAC_BYTES]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


async def _read(request: Request, model: type[B]) -> B:
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as problem:
        raise from_validation(problem.errors(include_url=False, include_input=False), skip=0) from None
