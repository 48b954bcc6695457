"""Whom not to let in again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.base import AccountOwned


class Tombstone(AccountOwned, Base):
    """An identity of somebody who was erased, as a keyed hash: it can be recognised, and not be read."""

    __tablename__ = "tombstones"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    erased_at: Mapped[datetime]
