"""The local copy of an account, as far as it decides what a day is."""

from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class Account(AccountOwned, Base):
    """`version` is that of the event that told us."""

    __tablename__ = "accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    time_zone: Mapped[str] = mapped_column(Text)
