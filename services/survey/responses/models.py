"""Accepted answers, exactly as they came. Rows are written by `survey.accept_responses` (see the first migration)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Response(Identified, AccountOwned, Base):
    """`score` repeats the answer to the score question, so that it can be found without reading `answers`."""

    __tablename__ = "responses"
    __table_args__ = (
        Index("uq_responses_submission", "account_id", "survey_id", "submission_id", unique=True),
        Index("ix_responses_received_at", "account_id", "received_at", "id"),
    )

    survey_id: Mapped[UUID]
    survey_version: Mapped[int]
    submission_id: Mapped[str]
    invitation_id: Mapped[UUID | None]
    ticket_id: Mapped[UUID | None]
    customer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answers: Mapped[list[Any]] = mapped_column(JSONB)
    score: Mapped[int | None] = mapped_column(SmallInteger)
    completed: Mapped[bool]
    channel: Mapped[str]
    touchpoint: Mapped[str | None]
    dimensions: Mapped[dict[str, str]] = mapped_column(JSONB)
    language: Mapped[str | None]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
