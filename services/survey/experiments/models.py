"""Which of several ways of asking works better, and who is asked in which way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.surveys.models import Survey
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class StoredExperiment(Identified, AccountOwned, Base):
    """`document` is an `Experiment`, never changed: who is in which arm would mean something else. One at a time for
    each survey; `ended_at` is null while it runs."""

    __tablename__ = "experiments"
    __table_args__ = (
        Index("uq_experiments_running", "survey_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_experiments_survey_id", "account_id", "survey_id", "created_at", "id"),
    )

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id))
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Assignment(Identified, AccountOwned, Base):
    """Made once, and for good. Of two people who turn out to be one, the earlier assignment counts."""

    __tablename__ = "assignments"
    __table_args__ = (
        Index("ix_assignments_customer_id", "account_id", "experiment_id", "customer_id", "assigned_at"),
        origin_index("assignments", "origin_customer_id"),
    )

    experiment_id: Mapped[UUID] = mapped_column(ForeignKey(StoredExperiment.id))
    customer_id: Mapped[UUID]
    variant: Mapped[str]
    assigned_at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]
