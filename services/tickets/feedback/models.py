"""The local copy of what tickets need of feedback: whose it is, how it felt and what it is about. Not its text."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.contracts.ratings import Band
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class KnownFeedback(AccountOwned, Base):
    """`version` is that of the event that told us. `topics` maps the keys to the words that led to them, `keys` are the
    keys alone, for the index. `band` is that of the rating, else of the words. `gone`: taken back, or removed where it
    was said."""

    __tablename__ = "feedback"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    customer_id: Mapped[UUID | None]
    channel: Mapped[str] = mapped_column(Text)
    band: Mapped[Band | None] = mapped_column(Text)
    rating: Mapped[int | None]
    keys: Mapped[list[str]] = mapped_column(ARRAY(Text))
    topics: Mapped[dict[str, Any]] = mapped_column(JSONB)
    occurred_at: Mapped[datetime]
    gone: Mapped[bool]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "ix_feedback_unhappy",
            "account_id",
            "occurred_at",
            postgresql_where=text("band = 'negative' and not gone"),
        ),
        Index(
            "ix_feedback_account_id_customer_id",
            "account_id",
            "customer_id",
            postgresql_where=text("customer_id is not null"),
        ),
        origin_index("feedback", "origin_customer_id"),
    )
