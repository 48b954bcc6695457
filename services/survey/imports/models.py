"""Imports of feedback from files: what was uploaded, how far it is, and what could not be taken."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.imports import ImportRow, PortionRow, RejectionRow


class FeedbackImport(ImportRow, Base):
    """`mapping` is a `schemas.Mapping`; `moved_at` is when lines were counted for the last time; `note` says why it
    failed."""

    __tablename__ = "feedback_imports"

    format: Mapped[str | None]
    new: Mapped[int]
    edited: Mapped[int]
    same: Mapped[int]
    moved_at: Mapped[datetime | None]
    note: Mapped[str | None]

    __table_args__ = (Index("ix_feedback_imports_account_id_id", "account_id", "id"),)

    @property
    def per_second(self) -> float | None:
        """How many lines it has gone through in a second."""
        if self.started_at is None or self.moved_at is None or self.moved_at <= self.started_at:
            return None
        return round(self.done / (self.moved_at - self.started_at).total_seconds(), 1)


class FeedbackImportPortion(PortionRow, Base):
    __tablename__ = "feedback_import_portions"

    import_id: Mapped[UUID] = mapped_column(ForeignKey(FeedbackImport.id), primary_key=True)


class FeedbackImportRejection(RejectionRow, Base):
    __tablename__ = "feedback_import_rejections"

    import_id: Mapped[UUID] = mapped_column(ForeignKey(FeedbackImport.id), primary_key=True)
