"""Policies as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from services.tickets.cases.schemas import Channel, Tag
from shared.contracts.tickets import Priority
from shared.http.schemas import Model, Name

Seconds = Annotated[int, Field(ge=60, le=31_536_000, description="A minute to a year, as the policy's hours count.")]
Percent = Annotated[int, Field(ge=1, le=99)]
# In the other states somebody works on the ticket, or nobody waits.
PausingState = Literal["pending", "on_hold"]
OriginKind = Literal["human", "rule", "partner", "bot", "system"]


class Targets(Model):
    """How long a customer may wait, in seconds: for the first answer and for the solution, from when the ticket is
    opened; for the answer to what they wrote later; and from each word of ours to the next one. Null: not promised."""

    first_response_seconds: Seconds
    resolution_seconds: Seconds
    next_response_seconds: Seconds | None = None
    periodic_update_seconds: Seconds | None = None


class PolicyTargets(Model):
    low: Targets
    normal: Targets
    high: Targets
    urgent: Targets


class Conditions(Model):
    """Which tickets a policy is for. All that are given must hold, each by any one of its values; with none given it is
    for every ticket."""

    priorities: list[Priority] = Field(default_factory=list, max_length=4)
    channels: list[Channel] = Field(default_factory=list, max_length=50)
    tags: list[Tag] = Field(default_factory=list, max_length=50)
    origins: list[OriginKind] = Field(default_factory=list, max_length=5)

    @property
    def are_none(self) -> bool:
        return not (self.priorities or self.channels or self.tags or self.origins)


class PausedIn(Model):
    """The states in which a clock stands still. All stand still once a ticket is resolved, closed or merged."""

    first_response: list[PausingState] = Field(default_factory=list, max_length=2)
    next_response: list[PausingState] = Field(default_factory=list, max_length=2)
    resolution: list[PausingState] = Field(["pending", "on_hold"], max_length=2)
    periodic_update: list[PausingState] = Field(["pending"], max_length=2)


def _rising(percentages: list[int]) -> list[int]:
    return sorted(set(percentages))


class PolicyIn(Model):
    """The whole policy. Policies are tried by `position`, and the first whose conditions hold is the ticket's; the
    default one comes last and is for all that are left.

    It holds for tickets opened from now on. Those that are open keep what they were promised, until it is applied anew.
    """

    name: Name
    targets: PolicyTargets
    position: int = Field(0, ge=0, le=1_000_000)
    conditions: Conditions = Field(default_factory=Conditions)
    hours: Literal["around_the_clock", "calendar"] = "around_the_clock"
    calendar_id: UUID | None = Field(None, description="With `hours: calendar`; null is the default calendar.")
    paused_in: PausedIn = Field(default_factory=PausedIn)
    warn_at: Annotated[list[Percent], Field(max_length=5), AfterValidator(_rising)] = Field(
        default_factory=lambda: [75, 90], description="Percentages of the time allowed at which to warn."
    )

    @model_validator(mode="after")
    def refuse_a_calendar_that_does_not_count(self) -> Self:
        if self.calendar_id is not None and self.hours != "calendar":
            raise ValueError('a calendar counts only with "hours": "calendar"; say so, or leave calendar_id out')
        return self


class PolicyOut(Model):
    id: UUID
    name: str
    is_default: bool
    position: int
    conditions: Conditions
    targets: PolicyTargets
    hours: Literal["around_the_clock", "calendar"]
    calendar_id: UUID | None
    paused_in: PausedIn
    warn_at: list[int]
    version: int
    created_at: datetime
    updated_at: datetime


class PolicyVersionOut(Model):
    """What the policy said from `created_at` on, and who made it say so."""

    version: int
    created_at: datetime
    actor: str
    policy: PolicyIn


class ReapplicationOut(Model):
    """`done` of `total` open tickets were looked at, and `changed` of them have other due times or another policy now.
    `finished_at` is null while it goes on."""

    id: UUID
    policy_id: UUID
    total: int
    done: int
    changed: int
    created_at: datetime
    finished_at: datetime | None
