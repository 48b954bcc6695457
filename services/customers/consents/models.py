"""The consent ledger: what each customer allowed and took back. Rows are added and never changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Consent(Identified, AccountOwned, Base):
    """`proof` holds what shows that it was said; `actor` who wrote it down. The database refuses changes to a row."""

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_customer", "account_id", "customer_id", "id"),
        origin_index("consents", "origin_customer_id"),
    )

    customer_id: Mapped[UUID]
    origin_customer_id: Mapped[UUID | None]
    purpose: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    granted: Mapped[bool]
    basis: Mapped[str] = mapped_column(Text)
    text_version: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    proof: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]


class Refusal(AccountOwned, Base):
    """What was refused by somebody of whom nothing but this is kept; the identity as a keyed hash (`digest_of`)."""

    __tablename__ = "refusals"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str] = mapped_column(Text, primary_key=True)
    channel: Mapped[str] = mapped_column(Text, primary_key=True)
    basis: Mapped[str] = mapped_column(Text)
    effective_at: Mapped[datetime]
