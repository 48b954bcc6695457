"""The local copy of what customers allow: the latest statement for each purpose and channel."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class Consent(AccountOwned, Base):
    """Kept under the id it was stated for. What was stated by somebody merged since counts too: see `facts`."""

    __tablename__ = "consents"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    consent_id: Mapped[UUID]
    granted: Mapped[bool]
    basis: Mapped[str]
    effective_at: Mapped[datetime]
