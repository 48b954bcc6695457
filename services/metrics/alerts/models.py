"""What an account watches, and the alarms that came of it."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned, Identified


class Watch(Identified, AccountOwned, Base):
    """`document` is a `NewWatch`. `problem` says in words why it could not be looked at. `looked_to`: the first day
    after the last period that was judged."""

    __tablename__ = "watches"
    __table_args__ = (Index("ix_watches_account_id_created_at", "account_id", "created_at", "id"),)

    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    problem: Mapped[str | None] = mapped_column(Text)
    looked_at: Mapped[datetime | None]
    looked_to: Mapped[date | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Alarm(Identified, AccountOwned, Base):
    """`direction`: 1 for a rise, -1 for a fall. From `from_day` to before `to_day` the values were unusual, in what
    `filters` lets through; `findings` has the numbers, `causes` what explains them."""

    __tablename__ = "alarms"
    __table_args__ = (
        Index("ix_alarms_account_id_raised_at", "account_id", "raised_at", "id"),
        Index(
            "uq_alarms_open",
            *("account_id", "watch_id", "direction"),
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
    )

    watch_id: Mapped[UUID]
    metric: Mapped[str] = mapped_column(Text)
    direction: Mapped[int]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    groups: Mapped[list[str]] = mapped_column(JSONB)
    from_day: Mapped[date]
    to_day: Mapped[date]
    findings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    causes: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    raised_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    ending: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
