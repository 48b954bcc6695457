"""What customers did: purchases, visits, cancellations and whatever else the account tells."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Activity(Identified, AccountOwned, Base):
    """`source` and `source_id` are the sender's: the same pair is the same activity. `amount` is never negative.

    `told_version` is the version at which the others first heard of it; null while it is still to come.
    `order_key` of a purchase: see `orders`.
    """

    __tablename__ = "activities"
    __table_args__ = (
        Index("uq_activities_source", "account_id", "source", "source_id", unique=True),
        Index("ix_activities_customer", "account_id", "customer_id", "occurred_at", "id"),
        Index("ix_activities_kind", "account_id", "kind", "occurred_at"),
        origin_index("activities", "origin_customer_id"),
        Index(
            "ix_activities_order_key",
            *("account_id", "order_key"),
            postgresql_where=text("order_key is not null"),
        ),
    )

    customer_id: Mapped[UUID]
    origin_customer_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    currency: Mapped[str | None] = mapped_column(Text)
    touchpoint: Mapped[str | None] = mapped_column(Text)
    properties: Mapped[dict[str, Any]] = mapped_column(JSONB)
    source: Mapped[str] = mapped_column(Text)
    source_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    told_version: Mapped[int | None]
    order_key: Mapped[str | None] = mapped_column(Text)


class DeletedActivity(AccountOwned, Base):
    """An activity that was taken back: an import that still has it does not bring it again."""

    __tablename__ = "deleted_activities"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    source_id: Mapped[str] = mapped_column(Text, primary_key=True)
    deleted_at: Mapped[datetime]


class AwaitedOrder(AccountOwned, Base):
    """An order that somebody named by whom nobody could be told yet: when it is recorded, `sighting_id` finds them."""

    __tablename__ = "awaited_orders"
    __table_args__ = (Index("ix_awaited_orders_order_key", "account_id", "order_key"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    sighting_id: Mapped[UUID] = mapped_column(primary_key=True)
    order_key: Mapped[str] = mapped_column(Text)
    # As in `CustomerSighted`.
    handle: Mapped[str | None] = mapped_column(Text)
    verified: Mapped[bool]
    expires_at: Mapped[datetime]
