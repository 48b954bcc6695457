"""Teams as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from services.tickets.teams.models import Strategy, TeamRole
from shared.http.schemas import Model, Name

Turn = Annotated[
    Strategy,
    Field(
        description="round_robin: whose last ticket of the team is longest ago; least_load: who has the fewest open; "
        "longest_waiting: who has been without anything new, and finished nothing, for longest."
    ),
]
Unassigned = Annotated[
    int,
    Field(ge=60, le=2_592_000, description="After so long without anybody the lead is told, or else the owners."),
]
Calendar = Annotated[UUID | None, Field(description="When they work, see /v1/calendars; null: around the clock.")]


class NewTeam(Model):
    """A team that tickets can be given to. Its members come with PUT /v1/teams/{id}/members/{user_id}."""

    name: Name
    lead_id: UUID | None = None
    strategy: Turn = "round_robin"
    calendar_id: Calendar = None
    longest_unassigned_seconds: Unassigned = 3_600


class TeamPatch(Model):
    """What is left out stays as it is; null clears the lead or the calendar."""

    name: Name | None = None
    lead_id: UUID | None = None
    strategy: Turn | None = None
    calendar_id: Calendar = None
    longest_unassigned_seconds: Unassigned | None = None

    @model_validator(mode="after")
    def refuse_null_where_there_must_be_something(self) -> "TeamPatch":
        for name in ("name", "strategy", "longest_unassigned_seconds"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class TeamOut(Model):
    id: UUID
    name: str
    lead_id: UUID | None
    strategy: Strategy
    calendar_id: UUID | None
    longest_unassigned_seconds: int
    version: int
    created_at: datetime
    updated_at: datetime


class Membership(Model):
    role: TeamRole = Field(
        "agent",
        description="agent: gets its tickets; viewer: gets none, and may only look at them where the "
        "access policy keeps people to their teams.",
    )


class MemberOut(Model):
    """`last_assigned_at`: when they got the last ticket of this team."""

    user_id: UUID
    name: str | None
    role: TeamRole
    since: datetime
    last_assigned_at: datetime | None
