"""The local copy of improvements that are there: since when, and what they were expected to change."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class Improvement(AccountOwned, Base):
    """`version` is that of the event that told us."""

    __tablename__ = "improvements"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    improvement_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    shipped_at: Mapped[datetime]
    metric: Mapped[str | None] = mapped_column(Text)
    expected_change: Mapped[Decimal | None] = mapped_column(Numeric)
