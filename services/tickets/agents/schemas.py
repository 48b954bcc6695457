"""Agents and their absences as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.tickets.cases.schemas import Channel
from shared.http.schemas import Model, Moment, ShortText


def _unique(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


Skill = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=50)]
Skills = Annotated[list[Skill], Field(max_length=50), AfterValidator(_unique)]
Language = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z]{2,3}$")]
Languages = Annotated[list[Language], Field(max_length=50), AfterValidator(_unique)]
# Beyond it nobody counts; see `roster`.
Capacity = Annotated[int, Field(ge=1, le=100)]


class AgentIn(Model):
    """All that is known of somebody. They can always be given a ticket by hand, whatever stands here."""

    skills: Skills = Field(default_factory=list)
    languages: Languages = Field(default_factory=list, description="Such as de or pt; none: any.")
    capacity: Capacity | None = Field(None, description="Open tickets at once; null: any number.")
    channel_capacity: dict[Channel, Capacity] = Field(
        default_factory=dict, max_length=50, description="The same of one channel, such as chat."
    )
    calendar_id: UUID | None = Field(None, description="When they work; null: when their team does.")


class AgentOut(Model):
    """`open_tickets`: how many they have that are new or open."""

    user_id: UUID
    name: str
    skills: list[str]
    languages: list[str]
    capacity: int | None
    channel_capacity: dict[str, int]
    calendar_id: UUID | None
    open_tickets: int
    version: int
    updated_at: datetime | None


class NewAbsence(Model):
    """Nothing is handed to them meanwhile. What they have stays with them."""

    starts_at: Moment
    ends_at: Moment | None = Field(None, description="null: until somebody deletes it.")
    note: ShortText | None = None

    @model_validator(mode="after")
    def end_after_the_start(self) -> "NewAbsence":
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be after starts_at")
        return self


class AbsenceOut(Model):
    id: UUID
    user_id: UUID
    starts_at: datetime
    ends_at: datetime | None
    note: str | None
    created_at: datetime
