"""The ledger of attention: each time somebody was asked or written to, whatever by."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class Exposure(AccountOwned, Base):
    """`id` is that of the invitation, the reminder or the message, so that each counts once.

    `kind`: `invitation`, `reminder`, or `message` for what a colleague or a rule wrote. Answers to what the customer
    started (acknowledgements, replies, resolutions) take no attention that was not offered, and are not kept.
    """

    __tablename__ = "exposures"
    __table_args__ = (
        Index("ix_exposures_customer_id", "account_id", "customer_id", "at"),
        Index("ix_exposures_at", "account_id", "at", "id"),
        origin_index("exposures", "origin_customer_id"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID]
    kind: Mapped[str]
    channel: Mapped[str]
    survey_id: Mapped[UUID | None]
    at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]
