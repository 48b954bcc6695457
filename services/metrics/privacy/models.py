"""From how many answers on an account shows numbers to those who may not read answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class PrivacyPolicy(AccountOwned, Base):
    __tablename__ = "privacy_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    minimum: Mapped[int]
    updated_at: Mapped[datetime]
