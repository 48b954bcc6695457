"""What people corrected, and the models that learned from it."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.feedback.models import Feedback
from shared.db.base import AccountOwned, Identified

Kind = Literal["sentiment", "topics"]
# How often a model has to be right where it speaks, unless somebody asks for more.
PRECISION: Final = 0.5
KINDS: Final[tuple[Kind, ...]] = ("sentiment", "topics")


class ModelState(StrEnum):
    WAITING = "waiting"
    TRAINING = "training"
    READY = "ready"
    FAILED = "failed"


class Correction(Identified, AccountOwned, Base):
    """A label that a person gave; also one that they confirmed. Rows are only added, and go with their feedback.

    `what`: `sentiment`, `topics` or `urgency`; `before` and `after` are a label, or a list of topics. `text_hash`
    (SHA-256) says which words were judged: they may change later.
    """

    __tablename__ = "corrections"
    __table_args__ = (
        Index("ix_corrections_feedback_id", "account_id", "feedback_id"),
        Index("ix_corrections_what", "account_id", "what", "corrected_at"),
    )

    feedback_id: Mapped[UUID] = mapped_column(ForeignKey(Feedback.id, ondelete="CASCADE"))
    what: Mapped[str]
    before: Mapped[Any | None] = mapped_column(JSONB)
    after: Mapped[Any] = mapped_column(JSONB)
    text_hash: Mapped[str | None]
    corrected_by: Mapped[str]
    corrected_at: Mapped[datetime]


class TextModel(Identified, AccountOwned, Base):
    """One version of an account's own model. `content` is `linear.packed`; it holds numbers, no words.

    `thresholds`: how sure it must be to speak; `figures`: how it did on corrections it had not seen.
    """

    __tablename__ = "text_models"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'training', 'ready', 'failed')", name="state"),
        Index("uq_text_models_version", "account_id", "kind", "version", unique=True),
        Index("ix_text_models_created_at", "account_id", "created_at", "id"),
    )

    kind: Mapped[str]
    version: Mapped[int]
    state: Mapped[ModelState] = mapped_column(
        Enum(ModelState, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states])
    )
    active: Mapped[bool]
    # Somebody whose words the older versions learned from was erased: those go.
    replaces: Mapped[bool]
    precision: Mapped[float]
    corrections: Mapped[int]
    thresholds: Mapped[dict[str, float]] = mapped_column(JSONB)
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    note: Mapped[str | None]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    requested_by: Mapped[str]
    created_at: Mapped[datetime]
    trained_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """As it stands on the labels that it makes."""
        return f"own-{self.kind}-{self.version}"
