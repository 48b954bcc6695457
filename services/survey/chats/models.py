"""Chats on a business's own pages, as the visitor sees them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Chat(Identified, AccountOwned, Base):
    """Its id is the conversation's (`thread_id`). What the visitor said of themselves when it began."""

    __tablename__ = "chats"

    api_key_id: Mapped[UUID]
    name: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    external_id: Mapped[str | None]
    # The visitor's identity was signed by the owner's server.
    verified: Mapped[bool]
    language: Mapped[str | None]
    page: Mapped[str | None]
    started_at: Mapped[datetime]


class ChatMessage(AccountOwned, Base):
    """`author`: `visitor` or `staff`; `name` of whoever answered. `id` is the sender's, so it comes in once."""

    __tablename__ = "chat_messages"
    __table_args__ = (Index("ix_chat_messages_written_at", "account_id", "chat_id", "written_at", "id"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    chat_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    author: Mapped[str]
    name: Mapped[str | None]
    text: Mapped[str]
    written_at: Mapped[datetime]
