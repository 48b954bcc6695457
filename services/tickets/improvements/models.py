"""What is done about problems, and who of those who asked for it was told."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Numeric, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from services.tickets.problems.models import Problem
from shared.contracts.problems import ImprovementState
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified

TellingState = Literal["queued", "sent", "suppressed", "failed"]


class Improvement(AccountOwned, Identified, Base):
    """`metric` is expected to change by `expected_change`, in the metric's own unit. `you_said` and `we_did` are the
    words that customers were told it in last."""

    __tablename__ = "improvements"
    __table_args__ = (Index("ix_improvements_account_id_state", "account_id", "state", "id"),)

    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    state: Mapped[ImprovementState] = mapped_column(Text)
    owner_id: Mapped[UUID | None]
    cost_amount: Mapped[Decimal | None] = mapped_column(Numeric)
    cost_currency: Mapped[str | None] = mapped_column(Text)
    starts_on: Mapped[date | None]
    metric: Mapped[str | None] = mapped_column(Text)
    expected_change: Mapped[Decimal | None] = mapped_column(Numeric)
    shipped_at: Mapped[datetime | None]
    you_said: Mapped[str | None] = mapped_column(Text)
    we_did: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Remedy(AccountOwned, Base):
    """An improvement is expected to solve a problem."""

    __tablename__ = "remedies"
    __table_args__ = (Index("ix_remedies_problem_id", "account_id", "problem_id"),)

    improvement_id: Mapped[UUID] = mapped_column(ForeignKey(Improvement.id), primary_key=True)
    problem_id: Mapped[UUID] = mapped_column(ForeignKey(Problem.id), primary_key=True)


class Telling(AccountOwned, Identified, Base):
    """One customer is told of one improvement. `recipient_id` is the identity that it goes to, as it was then; whose
    that is now is `customer_id`."""

    __tablename__ = "tellings"

    improvement_id: Mapped[UUID] = mapped_column(ForeignKey(Improvement.id))
    recipient_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    state: Mapped[TellingState] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        UniqueConstraint("improvement_id", "recipient_id", name="uq_tellings_recipient_id"),
        Index("ix_tellings_improvement_id", "account_id", "improvement_id", "customer_id"),
        Index("ix_tellings_customer_id", "account_id", "customer_id"),
        origin_index("tellings", "origin_customer_id"),
    )
