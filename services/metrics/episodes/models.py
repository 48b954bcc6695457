"""What people went through with us, as far as shares of it are counted: being asked, answering, the assistant.

A row may be told of in any order; what is not known yet is null.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class Asking(AccountOwned, Base):
    """An invitation, reminders included. `failed_at`: it did not reach them. `ended_at`: over without an answer."""

    __tablename__ = "askings"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    invitation_id: Mapped[UUID] = mapped_column(primary_key=True)
    survey_id: Mapped[UUID | None]
    channel: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_askings_account_id_asked_at", "account_id", "asked_at"),
        Index("ix_askings_customer_id", "account_id", "customer_id", postgresql_where=text("customer_id is not null")),
        origin_index("askings", "origin_customer_id"),
    )


class Attempt(AccountOwned, Base):
    """A survey that was seen. `last_question` is the last one that was, as of the highest `version`."""

    __tablename__ = "attempts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempt_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    survey_id: Mapped[UUID | None]
    channel: Mapped[str | None] = mapped_column(Text)
    touchpoint: Mapped[str | None] = mapped_column(Text)
    last_question: Mapped[str | None] = mapped_column(Text)
    displayed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_attempts_account_id_displayed_at", "account_id", "displayed_at"),
        Index("ix_attempts_customer_id", "account_id", "customer_id", postgresql_where=text("customer_id is not null")),
        origin_index("attempts", "origin_customer_id"),
    )


class Talk(AccountOwned, Base):
    """A conversation with the assistant. What it ended with is as of the highest `version`."""

    __tablename__ = "talks"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    channel: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    handed_off_at: Mapped[datetime | None]
    handoff_reason: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None]
    resolved: Mapped[bool | None]
    human_replies: Mapped[int | None]
    reopened: Mapped[int | None]
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_talks_account_id_started_at", "account_id", "started_at"),
        Index("ix_talks_customer_id", "account_id", "customer_id", postgresql_where=text("customer_id is not null")),
        origin_index("talks", "origin_customer_id"),
    )
