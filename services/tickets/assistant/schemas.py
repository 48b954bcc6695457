"""Bodies of `/v1/conversations` and `/v1/assistant`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.tickets.articles.schemas import Locale
from services.tickets.assistant.models import Author, ConversationState, LineKind
from shared.contracts.conversations import HandoffReason
from shared.http.schemas import Model, Name

Role = Literal["agent", "admin", "owner"]


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


Said = Annotated[str, Field(max_length=4_000), AfterValidator(_not_blank)]


class NewMessage(Model):
    """`message_id`, a UUID at random, makes sending it twice the same as once."""

    text: Said
    message_id: UUID | None = None


class NewConversation(NewMessage):
    """`customer_id`: you vouch that it is this customer; only then is anything said about their tickets."""

    customer_id: UUID | None = None
    name: Name | None = None
    locale: Locale = "en"
    channel: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,39}$")] = "chat"


class NewVisit(NewMessage):
    """`identity`: who it is, signed by your own server (see docs/guides/widget.md); without it, nobody known."""

    name: Name | None = None
    locale: Locale = "en"
    identity: Annotated[str | None, Field(max_length=4_000)] = None


class Ending(Model):
    """`resolved`: the customer has what they wanted. `rating`: 1 to 5, if they gave one."""

    resolved: bool = True
    rating: Annotated[int | None, Field(ge=1, le=5)] = None


class CitationOut(Model):
    article_id: UUID
    title: str
    url: str


class LineOut(Model):
    """`confidence`: how probably an answer is the right one, 0 to 1. `model`: the external one that the words were sent
    to, or are of."""

    id: UUID
    author: Author
    name: str | None
    kind: LineKind
    text: str
    citations: list[CitationOut]
    confidence: float | None
    model: str | None
    written_at: datetime


class OutcomeOut(Model):
    """What the assistant did and what people did, apart."""

    customer_messages: int
    bot_replies: int
    human_replies: int
    first_bot_reply_at: datetime | None
    last_bot_reply_at: datetime | None
    first_human_reply_at: datetime | None
    handed_off_at: datetime | None
    handoff_reason: HandoffReason | None
    resolved_at: datetime | None
    reopened_count: int
    rating: int | None


class HandoffOut(Model):
    reason: HandoffReason
    ticket_id: UUID
    tried: list[CitationOut]
    step: int
    assignee_id: UUID | None
    at: datetime
    due_at: datetime | None
    answered_at: datetime | None


class ConversationOut(Model):
    id: UUID
    state: ConversationState
    customer_id: UUID | None
    name: str | None
    locale: str
    channel: str
    ticket_id: UUID | None
    started_at: datetime
    updated_at: datetime
    outcome: OutcomeOut


class TalkOut(Model):
    """The conversation, and what was said in it since the message asked for."""

    conversation: ConversationOut
    messages: list[LineOut]


class VisitOut(Model):
    """`chat` is the key to this conversation: who has it can read and write there."""

    chat: str
    state: ConversationState
    messages: list[LineOut]


def _everybody() -> list[Role]:
    return ["agent", "admin", "owner"]


class AssistantIn(Model):
    """`answer_within_minutes`: how long a person may take after a handoff. Who gets it is for the routing rules; if
    they do not answer, the roles of `chain` follow, each with as long.

    `policy_words`: whoever uses one of these is handed to a person at once.
    """

    enabled: bool = True
    answer_within_minutes: Annotated[int, Field(ge=1, le=10_080)] = 15
    chain: Annotated[list[Role], Field(min_length=1, max_length=3)] = Field(default_factory=_everybody)
    policy_words: Annotated[list[Name], Field(max_length=200)] = Field(default_factory=list)


class AssistantOut(AssistantIn):
    """`knows`: how many questions it has learned from, by language."""

    version: int
    knows: dict[str, int]
