"""The notifier's copy of the consent ledger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class Consent(AccountOwned, Base):
    """One statement of one customer. Statements are added and never changed, so any order of arrival is right."""

    __tablename__ = "consents"
    __table_args__ = (
        Index("ix_consents_customer_id", "account_id", "customer_id"),
        origin_index("consents", "origin_customer_id"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    consent_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID]
    purpose: Mapped[str]
    channel: Mapped[str]
    granted: Mapped[bool]
    basis: Mapped[str]
    effective_at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]
