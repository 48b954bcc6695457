"""Rules, and the record of why each ran or did not."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Rule(Identified, AccountOwned, Base):
    """When an event of this type happens, if the condition (CEL) holds, then the actions, in order."""

    __tablename__ = "rules"
    __table_args__ = (
        UniqueConstraint("account_id", "builtin"),
        Index("ix_rules_event_type", "account_id", "event_type"),
    )

    # Marks what every account starts with, so that it is not added a second time.
    builtin: Mapped[str | None]
    name: Mapped[str]
    event_type: Mapped[str]
    condition: Mapped[str]
    actions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    enabled: Mapped[bool]
    max_event_age_seconds: Mapped[int]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class RuleRun(Identified, AccountOwned, Base):
    """One rule met one event, once. `outcome` is `ran` or the reason why not; `reason` says it in a sentence."""

    __tablename__ = "rule_runs"
    __table_args__ = (
        Index("uq_rule_runs_event_id", "account_id", "event_id", "rule_id", unique=True),
        Index("ix_rule_runs_started_at", "account_id", "started_at", "id"),
        Index("ix_rule_runs_rule_id", "account_id", "rule_id", "started_at", "id"),
        Index(
            "ix_rule_runs_customer_id",
            *("account_id", "customer_id", "started_at", "id"),
            postgresql_where=text("customer_id is not null"),
        ),
        origin_index("rule_runs", "origin_customer_id"),
    )

    rule_id: Mapped[UUID]
    rule_version: Mapped[int]
    rule_name: Mapped[str]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    subject: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    outcome: Mapped[str]
    reason: Mapped[str | None]
    started_at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]

    @property
    def addressee_id(self) -> UUID | None:
        """Whom to answer: under which identity the customer spoke, whoever that belongs to by now."""
        return self.origin_customer_id or self.customer_id


class RuleStep(AccountOwned, Base):
    """One action of a run that ran: what went in, what came of it. `unless` cancels it while it is still to come."""

    __tablename__ = "rule_steps"
    __table_args__ = (
        Index("ix_rule_steps_scheduled", "account_id", "subject", postgresql_where=text("state = 'scheduled'")),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("notifier.rule_runs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[UUID]
    action: Mapped[dict[str, Any]] = mapped_column(JSONB)
    unless: Mapped[list[str]] = mapped_column(ARRAY(Text))
    state: Mapped[str]
    detail: Mapped[str | None]
    due_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
