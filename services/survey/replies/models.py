"""Answers to reviews: written, approved, taken to the platform."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Reply(Identified, AccountOwned, Base):
    """`state`: `draft`, `waiting` (for an approval), `queued` (on the way to the platform), `posted`, `pending` (taken,
    and looked at by the platform before it shows), `refused` (by the platform, `reason` says why), `rejected` (by a
    colleague), `failed` (the platform could not be reached) or `withdrawn`. One at a time is open for a review.
    """

    __tablename__ = "replies"
    __table_args__ = (
        Index("ix_replies_created_at", "account_id", "created_at", "id"),
        Index("ix_replies_feedback_id", "account_id", "feedback_id"),
        Index(
            "uq_replies_open",
            *("account_id", "feedback_id"),
            unique=True,
            postgresql_where=text("state in ('draft', 'waiting', 'queued')"),
        ),
    )

    version: Mapped[int]
    feedback_id: Mapped[UUID]
    source_id: Mapped[UUID]
    external_id: Mapped[str]
    text: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    template_id: Mapped[UUID | None]
    written_by: Mapped[str]
    approved_by: Mapped[str | None]
    # What the platform calls it.
    reference: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    posted_at: Mapped[datetime | None]


class ReplyTemplate(Identified, AccountOwned, Base):
    """For reviews whose rating, on 0 to 100, lies from `lowest` to `highest`."""

    __tablename__ = "reply_templates"
    __table_args__ = (Index("ix_reply_templates_created_at", "account_id", "created_at", "id"),)

    version: Mapped[int]
    name: Mapped[str]
    locale: Mapped[str]
    text: Mapped[str]
    lowest: Mapped[int] = mapped_column(SmallInteger)
    highest: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ReplyPolicy(AccountOwned, Base):
    """Answers to reviews rated up to `approve_up_to` (0 to 100), or not at all, wait for an approval; null: none do."""

    __tablename__ = "reply_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    approve_up_to: Mapped[int | None] = mapped_column(SmallInteger)
    updated_at: Mapped[datetime]
