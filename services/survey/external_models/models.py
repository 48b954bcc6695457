"""A language model of somebody else's, and which texts were sent to it."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.feedback.models import Feedback
from shared.db.base import AccountOwned, Identified
from shared.external_models.models import ExternalModelRow


class ReadingState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class ExternalModel(ExternalModelRow, Base):
    """The one that labels texts."""

    __tablename__ = "external_models"
    __table_args__ = (Index("uq_external_models_account_id", "account_id", unique=True),)


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
