"""An account's model of lifetime values, and what it says of each customer."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class ModelState(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"


class LifetimeModel(AccountOwned, Base):
    """The one of the account. `version` rises with each fit; `fit_id` names the latest that was asked for.

    `document` is a `Summary` and, like the values, that of the last fit which came to something. `note` says why one
    did not.
    """

    __tablename__ = "lifetime_models"
    __table_args__ = (CheckConstraint("state in ('waiting', 'ready', 'refused', 'failed')", name="state"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    fit_id: Mapped[UUID]
    version: Mapped[int]
    state: Mapped[ModelState] = mapped_column(
        Enum(ModelState, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states])
    )
    note: Mapped[str | None] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime]
    fitted_at: Mapped[datetime | None]
    until: Mapped[date | None]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class LifetimeValue(AccountOwned, Base):
    """What is to be expected of a customer within a year, as of the fit; `person_id` is who they were then.

    `repeats`: purchases after the first; `alive`: the chance that they are still a customer; `revenue`: purchases times
    what each brings.
    """

    __tablename__ = "lifetime_values"
    __table_args__ = (Index("ix_lifetime_values_account_id_revenue", "account_id", "revenue", "person_id"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    repeats: Mapped[int]
    last_day: Mapped[date]
    alive: Mapped[Decimal] = mapped_column(Numeric(9, 8))
    purchases: Mapped[Decimal] = mapped_column(Numeric(18, 6))
    spending: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    revenue: Mapped[Decimal] = mapped_column(Numeric(18, 4))
