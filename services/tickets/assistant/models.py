"""Conversations with the assistant, what was said in them, how they were handed to people, and what it has learned."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.contracts.conversations import HandoffReason
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified

# With the assistant; handed to a person who has not answered yet; with a person; over.
ConversationState = Literal["bot", "handed_off", "human", "ended"]
Author = Literal["customer", "bot", "human"]
LineKind = Literal["said", "answer", "clarify", "unknown", "status", "handoff", "waiting"]


class Conversation(AccountOwned, Identified, Base):
    """Its id is the `thread_id` of its ticket. `customer_id` is set only for an identity that is proven.

    What became of it is counted as it happens: replies of each side and their times, the handoff and its reason,
    resolution, reopenings and the customer's rating, 1 to 5.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_account_id_started_at", "account_id", "started_at", "id"),
        Index("ix_conversations_account_id_customer_id", "account_id", "customer_id",
              postgresql_where=text("customer_id is not null")),
        Index("ix_conversations_account_id_ticket_id", "account_id", "ticket_id",
              postgresql_where=text("ticket_id is not null")),
        origin_index("conversations", "origin_customer_id"),
    )  # fmt: skip

    version: Mapped[int]
    state: Mapped[ConversationState] = mapped_column(Text)
    api_key_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]
    name: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    ticket_id: Mapped[UUID | None]
    # Articles that the assistant asked to choose from; how often it asked; how often in a row it knew nothing.
    offered: Mapped[list[list[str]]] = mapped_column(JSONB)
    clarifications: Mapped[int]
    unknowns: Mapped[int]
    customer_messages: Mapped[int]
    bot_replies: Mapped[int]
    human_replies: Mapped[int]
    first_bot_reply_at: Mapped[datetime | None]
    last_bot_reply_at: Mapped[datetime | None]
    first_human_reply_at: Mapped[datetime | None]
    handed_off_at: Mapped[datetime | None]
    handoff_reason: Mapped[HandoffReason | None] = mapped_column(Text)
    resolved_at: Mapped[datetime | None]
    reopened_count: Mapped[int]
    rating: Mapped[int | None]
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Line(AccountOwned, Base):
    """One thing that was said. `citations`: the articles that an answer rests on, with their titles and addresses.
    `model`: the external one that a customer's words went to, or that worded an answer."""

    __tablename__ = "conversation_lines"

    account_id: Mapped[UUID]
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int]
    author: Mapped[Author] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[LineKind] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    citations: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    confidence: Mapped[float | None]
    model: Mapped[str | None] = mapped_column(Text)
    written_at: Mapped[datetime]


class Handoff(AccountOwned, Base):
    """A person has to answer by `due_at`; else the next step of the chain is climbed. `tried`: articles shown."""

    __tablename__ = "handoffs"

    account_id: Mapped[UUID]
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID]
    reason: Mapped[HandoffReason] = mapped_column(Text)
    tried: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    step: Mapped[int]
    assignee_id: Mapped[UUID | None]
    at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]


class Settings(AccountOwned, Base):
    """How an account's assistant behaves, once it has changed something; see `schemas.AssistantIn`."""

    __tablename__ = "assistants"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class Knowledge(AccountOwned, Base):
    """What the assistant learned from the questions of articles in one language; `content` as `knowing` packs it."""

    __tablename__ = "assistant_knowledge"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes]
    questions: Mapped[int]
    learned_at: Mapped[datetime]
