"""What happened with each customer, as other services told it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class TimelineRow(AccountOwned, Base):
    """One entry, as an event told it last. The customer may not have arrived yet, so nothing refers to it.

    `event_id` is the event's, or of what it is about if later events tell of the same anew; then `version` grows.
    """

    __tablename__ = "timeline"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)
    origin_customer_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))

    __table_args__ = (
        Index("ix_timeline_account_id_customer_id_at", "account_id", "customer_id", "at", "event_id"),
        origin_index("timeline", "origin_customer_id"),
    )
