"""What an account says of its business: when a customer is one, what is left of a sale, what winning them cost."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned, Identified


class StoredWorthPolicy(AccountOwned, Base):
    """`document` is a `WorthPolicy`. Without a row its defaults hold."""

    __tablename__ = "worth_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class AcquisitionSpend(Identified, AccountOwned, Base):
    """Money that was spent to win customers, evenly on each day from `from_day` to before `to_day`."""

    __tablename__ = "acquisition_spend"
    __table_args__ = (
        CheckConstraint("from_day < to_day", name="days"),
        Index("ix_acquisition_spend_account_id_from_day", "account_id", "from_day", "id"),
    )

    from_day: Mapped[date]
    to_day: Mapped[date]
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 4))
    currency: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
