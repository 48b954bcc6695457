"""Asking many: a segment or a long list, piece by piece."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.surveys.models import Survey
from shared.db.base import AccountOwned, Identified


class RunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class Run(Identified, AccountOwned, Base):
    """`cursor` is the last customer that was decided on: a piece and its cursor are kept together or not at all, so a
    run goes on after a crash where it stood. `refused_by` counts the refusals by gate."""

    __tablename__ = "invitation_runs"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'running', 'finished', 'cancelled')", name="state"),
        Index("ix_invitation_runs_survey_id", "account_id", "survey_id", "created_at", "id"),
    )

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id))
    segment_id: Mapped[UUID | None]
    channel: Mapped[str]
    days: Mapped[int]
    state: Mapped[RunState] = mapped_column(
        Enum(RunState, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states])
    )
    customers: Mapped[int]
    invited: Mapped[int]
    refused: Mapped[int]
    refused_by: Mapped[dict[str, Any]] = mapped_column(JSONB)
    cursor: Mapped[UUID | None]
    created_at: Mapped[datetime]
    send_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class RunCustomer(AccountOwned, Base):
    """Who is on the list of a run that is not for a segment. Gone when the run has ended."""

    __tablename__ = "invitation_run_customers"

    run_id: Mapped[UUID] = mapped_column(ForeignKey(Run.id), primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
