"""A language model of somebody else's, and which texts were sent to it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.feedback.models import Feedback
from shared.db.base import AccountOwned, Identified


class ReadingState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class ExternalModel(Identified, AccountOwned, Base):
    """One for an account. `api_key` is sealed, bound to `id`. What was used counts for `month` (such as 2026-03);
    `failures` in a row; `note`: why it was switched off."""

    __tablename__ = "external_models"
    __table_args__ = (Index("uq_external_models_account_id", "account_id", unique=True),)

    version: Mapped[int]
    enabled: Mapped[bool]
    base_url: Mapped[str]
    model: Mapped[str]
    api_key: Mapped[bytes | None]
    monthly_calls: Mapped[int]
    monthly_characters: Mapped[int]
    month: Mapped[str]
    calls_used: Mapped[int]
    characters_used: Mapped[int]
    failures: Mapped[int]
    note: Mapped[str | None]
    updated_by: Mapped[str]
    updated_at: Mapped[datetime]


class ExternalReading(Identified, AccountOwned, Base):
    """A text that waits to be sent, or was: what left, when, and to which model."""

    __tablename__ = "external_readings"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'done', 'failed', 'skipped')", name="state"),
        Index("uq_external_readings_text", "account_id", "feedback_id", "text_hash", unique=True),
    )

    feedback_id: Mapped[UUID] = mapped_column(ForeignKey(Feedback.id, ondelete="CASCADE"))
    text_hash: Mapped[str | None]
    state: Mapped[ReadingState] = mapped_column(
        Enum(
            ReadingState,
            native_enum=False,
            length=20,
            values_callable=lambda states: [state.value for state in states],
        )
    )
    sent_to: Mapped[str | None]
    note: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
