"""Which tickets go to which team, and why each ticket is with whom it is."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from services.tickets.teams.models import Team
from shared.contracts.tickets import Priority
from shared.db.base import AccountOwned, Identified

Outcome = Literal["assigned", "waiting"]


class RoutingRule(AccountOwned, Identified, Base):
    """The first whose `condition` (CEL) holds is the ticket's: `team_id` gets it, among those who have all `skills`."""

    __tablename__ = "routing_rules"
    __table_args__ = (Index("ix_routing_rules_position", "account_id", "position", "id"),)

    name: Mapped[str] = mapped_column(Text)
    position: Mapped[int]
    enabled: Mapped[bool]
    condition: Mapped[str] = mapped_column(Text)
    team_id: Mapped[UUID] = mapped_column(ForeignKey(Team.id))
    skills: Mapped[list[str]] = mapped_column(ARRAY(Text))
    priority: Mapped[Priority | None] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Assignment(AccountOwned, Base):
    """What was decided when Heed last looked for somebody for a ticket; `decision` is an `explaining.Decision`."""

    __tablename__ = "assignments"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    at: Mapped[datetime]
    outcome: Mapped[Outcome] = mapped_column(Text)
    assignee_id: Mapped[UUID | None]
    decision: Mapped[dict[str, Any]] = mapped_column(JSONB)
