"""When an account works, and when it worked before that was changed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Calendar(AccountOwned, Identified, Base):
    """`spec` is what people wrote (`CalendarIn`); `feed_dates` maps each date of the feed to its name."""

    __tablename__ = "calendars"

    name: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool]
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    feed_dates: Mapped[dict[str, str]] = mapped_column(JSONB)
    feed_read_at: Mapped[datetime | None]
    feed_problem: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_calendars_default", "account_id", unique=True, postgresql_where=text("is_default")),
        Index("ix_calendars_account_id_id", "account_id", "id"),
    )


class CalendarVersion(AccountOwned, Base):
    """What clocks count with; it never changes. See `content`."""

    __tablename__ = "calendar_versions"

    calendar_id: Mapped[UUID] = mapped_column(ForeignKey(Calendar.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
