"""What customers did, as far as their worth and their staying are concerned."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, Numeric, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class ActivityFact(AccountOwned, Base):
    """One activity as one version of it stands; the highest counts. `amount` is never negative.

    `gone`: it was deleted or erased. Then nothing of it is kept but its id, so that what comes late does not bring it
    back.
    """

    __tablename__ = "activities"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    activity_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    gone: Mapped[bool]
    kind: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime | None]
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    currency: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str | None] = mapped_column(Text)
    touchpoint: Mapped[str | None] = mapped_column(Text)
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index(
            "ix_activities_account_id_customer_id",
            *("account_id", "customer_id", "occurred_at"),
            postgresql_where=text("customer_id is not null"),
        ),
        Index(
            "ix_activities_account_id_occurred_at",
            *("account_id", "occurred_at"),
            postgresql_where=text("not gone"),
        ),
        origin_index("activities", "origin_customer_id"),
    )
