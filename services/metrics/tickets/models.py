"""What was told of each ticket, and what it adds up to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TSTZMULTIRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class TicketStep(AccountOwned, Base):
    """One event of a ticket, as far as numbers are concerned. `version` is the ticket's when it happened."""

    __tablename__ = "ticket_steps"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_ticket_steps_account_id_at", "account_id", "at"),
        Index(
            "ix_ticket_steps_account_id_customer_id",
            *("account_id", "customer_id"),
            postgresql_where=text("customer_id is not null"),
        ),
        origin_index("ticket_steps", "origin_customer_id"),
    )


class TicketFact(AccountOwned, Base):
    """What the steps of one ticket add up to; see `Course`, which its columns are named after.

    `open_during`: when it was work to be done, from opening or reopening to what ended it; without an end if it is now.
    """

    __tablename__ = "ticket_facts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime]
    channel: Mapped[str] = mapped_column(Text)
    priority: Mapped[str] = mapped_column(Text)
    team_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    handled_by: Mapped[str] = mapped_column(Text)
    merged: Mapped[bool]
    awaited_from: Mapped[datetime]
    replies: Mapped[int]
    first_reply_at: Mapped[datetime | None]
    first_reply_seconds: Mapped[int | None]
    first_resolved_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    resolution_seconds: Mapped[int | None]
    reopened_at: Mapped[datetime | None]
    reopenings: Mapped[int]
    escalations: Mapped[int]
    follow_up_at: Mapped[datetime | None]
    contacted_at: Mapped[datetime | None]
    re_measured_at: Mapped[datetime | None]
    rating_before: Mapped[int | None]
    rating_after: Mapped[int | None]
    open_during: Mapped[Sequence[Range[datetime]]] = mapped_column(TSTZMULTIRANGE)
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_ticket_facts_account_id_opened_at", "account_id", "opened_at"),
        Index("ix_ticket_facts_account_id_resolved_at", "account_id", "resolved_at"),
        Index("ix_ticket_facts_account_id_first_reply_at", "account_id", "first_reply_at"),
        Index(
            "ix_ticket_facts_account_id_customer_id",
            *("account_id", "customer_id"),
            postgresql_where=text("customer_id is not null"),
        ),
        origin_index("ticket_facts", "origin_customer_id"),
    )


class TicketTarget(AccountOwned, Base):
    """What was promised for a ticket: once for each wait. `verdict`: `met`, `missed`, or `pending`."""

    __tablename__ = "ticket_targets"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(Text, primary_key=True)
    due_at: Mapped[datetime] = mapped_column(primary_key=True)
    verdict: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_ticket_targets_account_id_due_at", "account_id", "due_at"),)
