"""Imports of feedback from files: what was uploaded, how far it is, and what could not be taken."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class FeedbackImport(Identified, AccountOwned, Base):
    """`next_portion` is where the work goes on; whatever was counted before it is done for good, at `moved_at` for the
    last time. `mapping` is a `schemas.Mapping`; `note` says why it failed."""

    __tablename__ = "feedback_imports"

    name: Mapped[str | None]
    format: Mapped[str | None]
    state: Mapped[str]
    encoding: Mapped[str]
    delimiter: Mapped[str | None]
    header: Mapped[list[str]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    dry_run: Mapped[bool]
    rows: Mapped[int]
    done: Mapped[int]
    new: Mapped[int]
    edited: Mapped[int]
    same: Mapped[int]
    rejected: Mapped[int]
    next_portion: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    moved_at: Mapped[datetime | None]
    note: Mapped[str | None]

    __table_args__ = (Index("ix_feedback_imports_account_id_id", "account_id", "id"),)

    @property
    def per_second(self) -> float | None:
        """How many lines it has gone through in a second."""
        if self.started_at is None or self.moved_at is None or self.moved_at <= self.started_at:
            return None
        return round(self.done / (self.moved_at - self.started_at).total_seconds(), 1)


class FeedbackImportPortion(AccountOwned, Base):
    """Some lines of the file: `[line, [cell, ...]]` each."""

    __tablename__ = "feedback_import_portions"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey(FeedbackImport.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[list[Any]] = mapped_column(JSONB)


class FeedbackImportRejection(AccountOwned, Base):
    """A line that was not taken, as it stood in the file, and why."""

    __tablename__ = "feedback_import_rejections"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey(FeedbackImport.id), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]] = mapped_column(JSONB)
    errors: Mapped[list[dict[str, str]]] = mapped_column(JSONB)
