"""Surveys that come again: each person has a rhythm of their own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.surveys.models import Survey
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class StoredRecurrence(AccountOwned, Base):
    """`document` is a `Recurrence`; one a survey."""

    __tablename__ = "recurrences"

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id), primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Enrolment(Identified, AccountOwned, Base):
    """One person's rhythm: round `wave` is planned for `anchor_at` plus that many periods, less one. `next_at` is when
    it is tried: later than planned if a gate was closed."""

    __tablename__ = "recurring_customers"
    __table_args__ = (
        Index("ix_recurring_customers_next_at", "account_id", "survey_id", "next_at"),
        Index("ix_recurring_customers_customer_id", "account_id", "customer_id", "survey_id"),
        origin_index("recurring_customers", "origin_customer_id"),
    )

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id))
    customer_id: Mapped[UUID]
    anchor_at: Mapped[datetime]
    wave: Mapped[int]
    next_at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]
