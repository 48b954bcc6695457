"""Experiments, and who is in which arm of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class StoredExperiment(Identified, AccountOwned, Base):
    """`document` is an `Experiment`; from `started_at` on it never changes, so that nobody can fit the question to the
    answer. It runs until `stopped_at`."""

    __tablename__ = "experiments"
    __table_args__ = (Index("ix_experiments_account_id_created_at", "account_id", "created_at", "id"),)

    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]


class Assignment(AccountOwned, Base):
    """Made once, and for good. `person_id` is whom it was drawn for, `customer_id` whom that is today; of two people
    who turn out to be one, the earlier assignment counts. `experiment_id` is ours, or that of a survey."""

    __tablename__ = "assignments"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    experiment_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    variant: Mapped[str] = mapped_column(Text)
    assigned_at: Mapped[datetime]
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_assignments_account_id_customer_id", "account_id", "customer_id", "experiment_id"),
        origin_index("assignments", "origin_customer_id"),
    )
