"""What an account promises, what it promised before, and how far a re-application has come."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.calendars.models import Calendar
from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Policy(AccountOwned, Identified, Base):
    """`spec` is what people wrote (`PolicyIn`). `calendar_id` is null around the clock, and for the default calendar
    (`by_calendar` tells which). A policy that was removed stays for the tickets that it was applied to."""

    __tablename__ = "sla_policies"

    name: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool]
    position: Mapped[int]
    by_calendar: Mapped[bool]
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey(Calendar.id))
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_sla_policies_default", "account_id", unique=True, postgresql_where=text("is_default")),
        Index("ix_sla_policies_account_id_id", "account_id", "id"),
    )


class PolicyVersion(AccountOwned, Base):
    """A policy as it was; it never changes."""

    __tablename__ = "sla_policy_versions"

    policy_id: Mapped[UUID] = mapped_column(ForeignKey(Policy.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    spec: Mapped[dict[str, Any]] = mapped_column(JSONB)
    actor: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Reapplication(AccountOwned, Identified, Base):
    """Tickets get the policy that is right for them today, in portions. `last_id`: up to where it has come."""

    __tablename__ = "sla_reapplications"

    policy_id: Mapped[UUID] = mapped_column(ForeignKey(Policy.id))
    total: Mapped[int]
    done: Mapped[int]
    changed: Mapped[int]
    last_id: Mapped[UUID | None]
    actor: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_sla_reapplications_policy_id", "account_id", "policy_id", "id"),)
