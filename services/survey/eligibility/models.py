"""Who was to be asked and is not, and which gate forbade it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.survey.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Refusal(Identified, AccountOwned, Base):
    """`invitation_id`: it had been made, and was refused when it was to leave."""

    __tablename__ = "refusals"
    __table_args__ = (
        Index("ix_refusals_survey_id", "account_id", "survey_id", "at", "id"),
        Index("ix_refusals_customer_id", "account_id", "customer_id", "at"),
        origin_index("refusals", "origin_customer_id"),
    )

    survey_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    ticket_id: Mapped[UUID | None]
    invitation_id: Mapped[UUID | None]
    channel: Mapped[str]
    cause: Mapped[str]
    cause_id: Mapped[UUID | None]
    gate: Mapped[str]
    detail: Mapped[str]
    next_eligible_at: Mapped[datetime | None]
    at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]
