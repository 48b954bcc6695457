"""What those who work on tickets can do, how much, and when."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Agent(AccountOwned, Base):
    """Of whom there is no row nothing is known: they can do everything, are always there, and get any number.

    `capacity`: how many open tickets are handed to them at most; `channel_capacity` the same of one channel.
    """

    __tablename__ = "agents"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text))
    capacity: Mapped[int | None]
    channel_capacity: Mapped[dict[str, int]] = mapped_column(JSONB)
    calendar_id: Mapped[UUID | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]


class Absence(AccountOwned, Identified, Base):
    """Out of office, from `starts_at` up to `ends_at`; null: until somebody says otherwise."""

    __tablename__ = "absences"
    __table_args__ = (Index("ix_absences_user_id", "account_id", "user_id", "starts_at", "id"),)

    user_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
