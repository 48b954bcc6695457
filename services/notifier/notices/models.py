"""Who works in an account, and what they have to be told about Heed itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned, Identified


class Colleague(AccountOwned, Base):
    """Of one who works there no more, only that is known. `version` is the user's."""

    __tablename__ = "colleagues"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    email: Mapped[str | None]
    role: Mapped[str | None]


class Notice(Identified, AccountOwned, Base):
    """A mail to one colleague. `state`: `queued`, `sent`, `failed` or `dropped` (nobody is there to read it)."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_created_at", "account_id", "created_at", "id"),)

    user_id: Mapped[UUID]
    subject: Mapped[str]
    text: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
