"""The local copy of what tells whether a customer stayed: purchases and cancellations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class KnownActivity(AccountOwned, Base):
    """`version` is that of the event that told us. `gone`: it never happened, or was something else."""

    __tablename__ = "activities"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    customer_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime]
    gone: Mapped[bool]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "ix_activities_account_id_customer_id",
            *("account_id", "customer_id", "kind", "occurred_at"),
            postgresql_where=text("customer_id is not null and not gone"),
        ),
        origin_index("activities", "origin_customer_id"),
    )
