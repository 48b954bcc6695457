"""One row for each question that a piece of feedback scores, as far as numbers are concerned."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Numeric, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned

# The scheme of feedback that has no rating. A word rather than null, so that one range of the index holds it.
UNRATED = "none"
_PLACE = ("occurred_at", "feedback_id", "question")


class Fact(AccountOwned, Base):
    """`value` is the rating as given; `points` is the same read so that more is better, on `minimum` to `maximum`.
    Those of an index are its whole tens; `index` has it exactly.

    `question` is the key of the one that was scored; empty where the feedback does not say, or was left unrated.
    `exclusion` says why a fact does not count, and is null for those that do: its own `flaw`, else whose it is.
    """

    __tablename__ = "facts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Text, primary_key=True, server_default="")
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    scheme: Mapped[str] = mapped_column(Text)
    minimum: Mapped[int | None] = mapped_column(SmallInteger)
    maximum: Mapped[int | None] = mapped_column(SmallInteger)
    value: Mapped[int | None]
    points: Mapped[int | None] = mapped_column(SmallInteger)
    index: Mapped[Decimal | None] = mapped_column(Numeric(7, 4))
    flaw: Mapped[str | None] = mapped_column(Text)
    exclusion: Mapped[str | None] = mapped_column(Text)
    completed: Mapped[bool]
    channel: Mapped[str] = mapped_column(Text)
    touchpoint: Mapped[str | None] = mapped_column(Text)
    journey_stage: Mapped[str | None] = mapped_column(Text)
    survey_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    language: Mapped[str | None] = mapped_column(Text)
    dimensions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_facts_account_id_scheme_occurred_at", "account_id", "scheme", *_PLACE),
        Index(
            "ix_facts_excluded",
            *("account_id", "scheme", "exclusion", *_PLACE),
            postgresql_where=text("exclusion is not null"),
        ),
        Index(
            "ix_facts_account_id_customer_id",
            *("account_id", "customer_id"),
            postgresql_where=text("customer_id is not null"),
        ),
        origin_index("facts", "origin_customer_id"),
    )


class HeardOf(AccountOwned, Base):
    """The version of a piece of feedback that its facts say; `erased`, and it has none any more, for good."""

    __tablename__ = "heard"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    erased: Mapped[bool]


class Watermark(AccountOwned, Base):
    """When the newest fact of the account was received by the survey service."""

    __tablename__ = "watermarks"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
