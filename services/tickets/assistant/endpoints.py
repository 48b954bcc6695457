"""`/v1/conversations`: self-service for customers whom your server vouches for; `/v1/assistant`: how it is set."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.tickets.assistant import lines
from services.tickets.assistant import service as conversations
from services.tickets.assistant import settings as assistants
from services.tickets.assistant.models import Conversation, ConversationState, Handoff
from services.tickets.assistant.schemas import (
    AssistantIn,
    AssistantOut,
    ConversationOut,
    Ending,
    HandoffOut,
    LineOut,
    NewConversation,
    NewMessage,
    OutcomeOut,
    TalkOut,
)
from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.contacts import service as contacts
from services.tickets.phrasing.ahead import Talking, phrased_for
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, runtime_of, set_etag
from shared.http.errors import NotFound
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])
assistant = APIRouter(prefix="/v1/assistant", tags=["conversations"])


class NotHandedOff(NotFound):
    """This conversation is still the assistant's."""


@router.post("", status_code=201)
async def begin_conversation(body: NewConversation, work: Talking, request: Request) -> TalkOut:
    """The customer's first message, and what the assistant says to it."""
    if body.customer_id is not None:
        await contacts.require(runtime_of(request).database, work.account_id, body.customer_id, work=work)
    who = body.model_dump(include={"customer_id", "name", "locale", "channel"})
    conversation = await conversations.begin(
        work, text=body.text, message_id=body.message_id, phrased=phrased_for(request), api_key_id=None, **who
    )
    return await _talk(work, conversation, None)


@router.get("")
async def list_conversations(
    work: TicketsRead, page: PageQuery, state: ConversationState | None = None, customer_id: UUID | None = None
) -> Page[ConversationOut]:
    """Newest first."""
    wanted = {"state": state, "customer_id": customer_id}
    statement = conversations.listed(work).filter_by(
        **{name: value for name, value in wanted.items() if value is not None}
    )
    keys = (Conversation.started_at.desc(), Conversation.id.desc())
    found: Page[Conversation] = await paginate(work.session, statement, page, keys=keys)
    return found.map(out_of)


@router.get("/{conversation_id}")
async def read_conversation(conversation_id: UUID, work: TicketsRead) -> ConversationOut:
    """Whose turn it is, and what became of it."""
    return out_of(await conversations.find(work, conversation_id))


@router.post("/{conversation_id}/messages", status_code=201)
async def say_something(conversation_id: UUID, body: NewMessage, work: Talking, request: Request) -> TalkOut:
    """What the customer says next. With the assistant its reply follows; with a person it stands in their ticket."""
    conversation = await conversations.find(work, conversation_id, lock=True)
    seen = await lines.all_of(work, conversation.id)
    await conversations.say(work, conversation, body.text, body.message_id, phrased_for(request))
    return await _talk(work, conversation, seen[-1].id)


@router.get("/{conversation_id}/messages")
async def list_lines(
    conversation_id: UUID,
    work: TicketsRead,
    after: Annotated[UUID | None, Query(description="Only what was said after this message.")] = None,
) -> Page[LineOut]:
    """In order, at most 200 at once."""
    await conversations.find(work, conversation_id)
    found = await lines.since(work, conversation_id, after)
    return Page(data=[LineOut.model_validate(line) for line in found], next_cursor=None)


@router.post("/{conversation_id}/handoff")
async def hand_over_conversation(conversation_id: UUID, work: TicketsWrite) -> ConversationOut:
    """To a person, now: for a button "talk to a human". One that a person has already stays as it is."""
    conversation = await conversations.find(work, conversation_id, lock=True)
    await conversations.ask_for_person(work, conversation)
    return out_of(conversation)


@router.get("/{conversation_id}/handoff")
async def read_handoff(conversation_id: UUID, work: TicketsRead) -> HandoffOut:
    """Why it was handed over, what was tried before, who has it and until when."""
    await conversations.find(work, conversation_id)
    handoff = await work.session.get(Handoff, conversation_id)
    if handoff is None:
        raise NotHandedOff
    return HandoffOut.model_validate(handoff)


@router.post("/{conversation_id}/end")
async def end_conversation(conversation_id: UUID, work: TicketsWrite, body: Ending | None = None) -> ConversationOut:
    """The customer has what they wanted, or not. What a person has ends when its ticket is resolved."""
    ending = body or Ending()
    conversation = await conversations.find(work, conversation_id, lock=True)
    await conversations.end(work, conversation, resolved=ending.resolved, rating=ending.rating)
    return out_of(conversation)


@assistant.get("")
async def read_assistant(work: TicketsRead, response: Response) -> AssistantOut:
    """How it behaves, and from how many questions it has learned."""
    found = await assistants.shown(work)
    set_etag(response, found.version)
    return found


@assistant.put("")
async def replace_assistant(
    body: AssistantIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> AssistantOut:
    """All of it at once. Switched off, every conversation goes to a person right away."""
    found = await assistants.replace(work, body, expected)
    set_etag(response, found.version)
    return found


def out_of(conversation: Conversation) -> ConversationOut:
    own = ConversationOut.model_fields.keys() - {"outcome"}
    values = {name: getattr(conversation, name) for name in own}
    return ConversationOut.model_validate(values | {"outcome": OutcomeOut.model_validate(conversation)})


async def _talk(work: Work, conversation: Conversation, after: UUID | None) -> TalkOut:
    said = await lines.since(work, conversation.id, after)
    return TalkOut(conversation=out_of(conversation), messages=[LineOut.model_validate(line) for line in said])
