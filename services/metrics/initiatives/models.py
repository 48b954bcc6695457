"""What was done for customers, and for whom."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class StoredInitiative(Identified, AccountOwned, Base):
    """`document` is a `NewInitiative`."""

    __tablename__ = "initiatives"
    __table_args__ = (Index("ix_initiatives_account_id_created_at", "account_id", "created_at", "id"),)

    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class InitiativeMember(AccountOwned, Base):
    """A customer for whom it was done (`treated`), or who is compared with those. `stratum`: the attributes they are
    matched on, in one text. `person_id` is whom it was said of, `customer_id` whom that is today."""

    __tablename__ = "initiative_members"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    initiative_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    treated: Mapped[bool]
    stratum: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_initiative_members_account_id_customer_id", "account_id", "customer_id"),
        origin_index("initiative_members", "origin_customer_id"),
    )
