"""Addresses that mail does not reach, or that do not want any."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned, Identified


class Suppression(Identified, AccountOwned, Base):
    """`since`: nothing goes there; null: some mail did not arrive lately (`soft_bounces`), and the next may."""

    __tablename__ = "suppressions"
    __table_args__ = (Index("uq_suppressions_address", "account_id", "channel", "address", unique=True),)

    channel: Mapped[str]
    address: Mapped[str]
    reason: Mapped[str | None]
    detail: Mapped[str | None]
    soft_bounces: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    since: Mapped[datetime | None]
    message_id: Mapped[UUID | None]
    updated_at: Mapped[datetime]
