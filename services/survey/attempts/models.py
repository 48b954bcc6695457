"""How far people came in answering, whether or not an answer came of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Attempt(Identified, AccountOwned, Base):
    """One filling-in, known by its submission id. `seen`: milliseconds by question; `answered`: keys of questions.

    A question is skipped if it was seen, is not answered and is not the last one that was seen.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("state in ('displayed', 'started', 'dismissed', 'completed', 'screened_out')", name="state"),
        Index("uq_attempts_submission", "account_id", "survey_id", "submission_id", unique=True),
        Index("ix_attempts_displayed_at", "account_id", "displayed_at", "id"),
        Index("ix_attempts_customer_id", "account_id", "customer_id"),
        origin_index("attempts", "origin_customer_id"),
    )

    survey_id: Mapped[UUID]
    survey_version: Mapped[int]
    submission_id: Mapped[str]
    invitation_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    state: Mapped[str]
    channel: Mapped[str]
    touchpoint: Mapped[str | None]
    language: Mapped[str | None]
    dimensions: Mapped[dict[str, str]] = mapped_column(JSONB)
    seen: Mapped[dict[str, int]] = mapped_column(JSONB)
    answered: Mapped[list[Any]] = mapped_column(JSONB)
    last_question: Mapped[str | None]
    suspicious: Mapped[list[Any]] = mapped_column(JSONB)
    displayed_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    dismissed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    origin_customer_id: Mapped[UUID | None]
