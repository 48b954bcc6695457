"""`/assistant/{key}/conversations`: the assistant on a business's own pages, by publishable key. Plain routes, for
pages of other origins."""

from typing import Final
from uuid import UUID

from fastapi import Request, Response
from starlette.responses import JSONResponse
from starlette.routing import Route

from services.tickets.assistant import lines
from services.tickets.assistant import service as conversations
from services.tickets.assistant.models import Conversation
from services.tickets.assistant.schemas import LineOut, NewMessage, NewVisit, VisitOut
from services.tickets.contacts import service as contacts
from services.tickets.phrasing import service as phrasing
from services.tickets.phrasing.service import Asked
from services.tickets.visitors.door import DOOR, VISITOR
from shared.auth.links import Claim, LinkSigner
from shared.http.dependencies import public_work, runtime_of
from shared.settings import ServiceSettings
from shared.visitors.door import Guest, identity_in, preflight, read_body
from shared.work import Work

CHANNEL: Final = "chat"


async def begin(request: Request, guest: Guest) -> Response:
    """The first message. Answers with the key to the conversation, which the page keeps."""
    body, settings = await read_body(request, NewVisit), runtime_of(request).settings
    identity = identity_in(settings, guest, body.identity)
    phrased = await phrasing.ask(request, guest.account_id, VISITOR, Asked(body.text, body.locale))
    async with public_work(request, guest.account_id, VISITOR) as work:
        customer_id = await contacts.known_as(work, str(identity["sub"])) if identity is not None else None
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
    body, settings = await read_body(request, NewMessage), runtime_of(request).settings
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


ROUTES = (
    Route("/assistant/{key}/conversations", DOOR.guarded(begin), methods=["POST"]),
    Route("/assistant/{key}/conversations/{chat}/messages", DOOR.guarded(say), methods=["POST"]),
    Route("/assistant/{key}/conversations/{chat}/messages", DOOR.guarded(listen), methods=["GET"]),
    Route("/assistant/{key}/{rest:path}", DOOR.guarded(preflight), methods=["OPTIONS"]),
)


async def _visit(work: Work, settings: ServiceSettings, conversation: Conversation, after: UUID | None) -> VisitOut:
    said = await lines.since(work, conversation.id, after)
    shown = [LineOut.model_validate(line) for line in said]
    token = _signer(settings).token(Claim(0, work.account_id, conversation.id))
    return VisitOut(chat=token, state=conversation.state, messages=shown)


def _signer(settings: ServiceSettings) -> LinkSigner:
    return LinkSigner(settings.derived_key("tickets.conversation"))


def _conversation(request: Request) -> UUID:
    """Raises `NoSuchConversation`."""
    claim = _signer(runtime_of(request).settings).read(request.path_params["chat"])
    if claim is None:
        raise conversations.NoSuchConversation
    return claim.target_id


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
