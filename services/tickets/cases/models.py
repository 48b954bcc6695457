"""Tickets, what happened to them, and how far their numbers have come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.contracts.tickets import Priority, TicketState
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Ticket(AccountOwned, Identified, Base):
    """`version` counts the rows of its history. Targets are copied from the policy when they are applied, in seconds;
    null if there is none of that kind.

    A due time is null while its clock stands still. A `..._missed_at` is set once for a wait; that of a first response
    or a resolution stays until the policy is applied anew.
    """

    __tablename__ = "tickets"

    number: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    subject: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    state: Mapped[TicketState] = mapped_column(Text)
    # What the account calls the state; null: by its default name.
    status_id: Mapped[UUID | None]
    priority: Mapped[Priority] = mapped_column(Text)
    team_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    # Since when it waits for somebody, if nobody has it and somebody is looked for; see `routing.queues`.
    queued_at: Mapped[datetime | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    # The account's own fields, by key; see `fields`.
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB)
    customer_id: Mapped[UUID | None]
    channel: Mapped[str] = mapped_column(Text)
    origin_kind: Mapped[str] = mapped_column(Text)
    feedback_id: Mapped[UUID | None]
    # What the feedback said, as far as routing rules look at it.
    feedback: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    rule_id: Mapped[UUID | None]
    request_id: Mapped[UUID | None]
    opened_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    reopened_count: Mapped[int]
    policy_id: Mapped[UUID]
    policy_version: Mapped[int]
    # By which its hours are counted; null: around the clock.
    calendar_id: Mapped[UUID | None]
    calendar_version: Mapped[int | None]
    first_response_seconds: Mapped[int]
    first_response_due_at: Mapped[datetime | None]
    first_responded_at: Mapped[datetime | None]
    first_response_missed_at: Mapped[datetime | None]
    resolution_seconds: Mapped[int]
    resolution_due_at: Mapped[datetime | None]
    resolution_missed_at: Mapped[datetime | None]
    next_response_seconds: Mapped[int | None]
    next_response_due_at: Mapped[datetime | None]
    next_response_missed_at: Mapped[datetime | None]
    periodic_update_seconds: Mapped[int | None]
    periodic_update_due_at: Mapped[datetime | None]
    periodic_update_missed_at: Mapped[datetime | None]
    # Of each target since when its present wait lasts, and the highest percentage that was warned of.
    warned: Mapped[dict[str, Any]] = mapped_column(JSONB)
    origin_customer_id: Mapped[UUID | None]
    # The conversation that it is about.
    thread_id: Mapped[UUID | None]
    # Out of sight, until then or, if that is null, until the customer writes.
    snoozed_at: Mapped[datetime | None]
    snoozed_until: Mapped[datetime | None]
    escalation_level: Mapped[int] = mapped_column(server_default=text("0"))
    # Of a merged one: where it goes on. That ticket is never merged itself.
    merged_into_id: Mapped[UUID | None]
    # What lay behind it, by a topic's key, and what was done so that it does not happen again.
    root_cause: Mapped[str | None] = mapped_column(Text)
    corrective_action: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("uq_tickets_account_id_number", "account_id", "number", unique=True),
        Index("uq_tickets_account_id_request_id", "account_id", "request_id", unique=True,
              postgresql_where=text("request_id is not null")),
        # One living ticket for each piece of feedback, whoever asks for it.
        Index("uq_tickets_account_id_feedback_id", "account_id", "feedback_id", unique=True,
              postgresql_where=text("feedback_id is not null and state not in ('closed', 'merged')")),
        Index("ix_tickets_account_id_opened_at", "account_id", "opened_at", "id"),
        Index("ix_tickets_account_id_updated_at", "account_id", "updated_at", "id"),
        Index("ix_tickets_account_id_resolution_due_at", "account_id", "resolution_due_at", "id",
              postgresql_where=text("resolution_due_at is not null")),
        Index("ix_tickets_account_id_customer_id", "account_id", "customer_id", "opened_at", "id",
              postgresql_where=text("customer_id is not null")),
        Index("ix_tickets_account_id_thread_id", "account_id", "thread_id", "number",
              postgresql_where=text("thread_id is not null")),
        # What people have on their desks; also what the next assignment counts.
        Index("ix_tickets_account_id_assignee_id", "account_id", "assignee_id", "opened_at", "id",
              postgresql_where=text("state in ('new', 'open', 'pending', 'on_hold')")),
        Index("ix_tickets_account_id_merged_into_id", "account_id", "merged_into_id",
              postgresql_where=text("merged_into_id is not null")),
        Index("ix_tickets_account_id_team_id", "account_id", "team_id", "opened_at", "id",
              postgresql_where=text("team_id is not null")),
        Index("ix_tickets_account_id_queued_at", "account_id", "team_id", "queued_at",
              postgresql_where=text("queued_at is not null")),
        Index("ix_tickets_account_id_status_id", "account_id", "status_id", "opened_at", "id",
              postgresql_where=text("status_id is not null")),
        Index("ix_tickets_account_id_root_cause", "account_id", "root_cause", "opened_at",
              postgresql_where=text("root_cause is not null")),
        origin_index("tickets", "origin_customer_id"),
    )  # fmt: skip


class Change(AccountOwned, Base):
    """One version of a ticket: who did what to it and when. `changes` maps a field to its value before and after.

    `state` is the ticket's state from here on; the clocks are computed from it. Times never fall from row to row.
    """

    __tablename__ = "history"

    account_id: Mapped[UUID]
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    state: Mapped[TicketState] = mapped_column(Text)
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reason: Mapped[str | None] = mapped_column(Text)


class Counter(AccountOwned, Base):
    """The highest ticket number that the account has given out, and another mark whenever its policies or
    calendars change."""

    __tablename__ = "counters"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(BigInteger)
    terms_revision: Mapped[UUID]
