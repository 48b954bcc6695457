"""Reading again what was said before, piece by piece."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class RelabelingState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"


class Relabeling(Identified, AccountOwned, Base):
    """`cursor_at` and `cursor_id` are the last that was read: a piece and its cursor are kept together or not at all,
    so it goes on after a crash where it stood. `kept`: texts with a label of a person, which stays."""

    __tablename__ = "relabelings"
    __table_args__ = (
        CheckConstraint("state in ('running', 'finished', 'stopped')", name="state"),
        Index("ix_relabelings_created_at", "account_id", "created_at", "id"),
    )

    state: Mapped[RelabelingState] = mapped_column(
        Enum(
            RelabelingState,
            native_enum=False,
            length=20,
            values_callable=lambda states: [state.value for state in states],
        )
    )
    since: Mapped[datetime | None]
    until: Mapped[datetime]
    filter: Mapped[dict[str, Any]] = mapped_column(JSONB)
    total: Mapped[int]
    done: Mapped[int]
    changed: Mapped[int]
    kept: Mapped[int]
    cursor_at: Mapped[datetime | None]
    cursor_id: Mapped[UUID | None]
    requested_by: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
