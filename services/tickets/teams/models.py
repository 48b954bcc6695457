"""Who works on tickets together."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified

Strategy = Literal["round_robin", "least_load", "longest_waiting"]
TeamRole = Literal["agent", "viewer"]


class Team(AccountOwned, Identified, Base):
    """`calendar_id`: when its people work who have no calendar of their own; null: around the clock."""

    __tablename__ = "teams"

    name: Mapped[str] = mapped_column(Text)
    lead_id: Mapped[UUID | None]
    strategy: Mapped[Strategy] = mapped_column(Text)
    calendar_id: Mapped[UUID | None]
    longest_unassigned_seconds: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_teams_name", "account_id", text("lower(name)"), unique=True),
        Index("ix_teams_account_id_id", "account_id", "id"),
    )


class TeamMember(AccountOwned, Base):
    """A `viewer` is handed nothing, and looks only, where people are kept to their teams.

    `last_assigned_at`: when they were given the last ticket of this team; `last_freed_at`: when the last ticket that
    they had, of whichever team, was resolved."""

    __tablename__ = "team_members"
    __table_args__ = (Index("ix_team_members_user_id", "account_id", "user_id"),)

    team_id: Mapped[UUID] = mapped_column(ForeignKey(Team.id, ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[TeamRole] = mapped_column(Text)
    since: Mapped[datetime]
    last_assigned_at: Mapped[datetime | None]
    last_freed_at: Mapped[datetime | None]
