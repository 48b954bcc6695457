"""Routing rules as they come in and go out, and what they would have done."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from services.tickets.agents.schemas import Skills
from services.tickets.cases.schemas import Tags
from shared.contracts.tickets import Priority
from shared.http.schemas import Model, Name

Position = Annotated[int, Field(ge=0, le=10_000, description="The smallest is tried first.")]
Condition = Annotated[
    str,
    Field(
        description="CEL over `ticket`, `customer` and `feedback`, such as "
        '`ticket.channel == "email" && customer != null && customer.attributes.plan == "gold"`; empty: always.',
    ),
]
Required = Annotated[Skills, Field(description="What whoever gets it must be able to do, all of it.")]
Raise = Annotated[Priority | None, Field(description="The ticket's priority from then on; null: as it is.")]
More = Annotated[Tags, Field(description="Added to the ticket's own.")]


class RuleIn(Model):
    """Of the rules that are enabled, in their order, the first whose condition holds is the ticket's."""

    name: Name
    condition: Condition = ""
    team_id: UUID
    skills: Required = Field(default_factory=list)
    priority: Raise = None
    tags: More = Field(default_factory=list)
    position: Position = 0
    enabled: bool = True


class RulePatch(Model):
    """What is left out stays as it is; null clears the priority."""

    name: Name | None = None
    condition: Condition | None = None
    team_id: UUID | None = None
    skills: Required | None = None
    priority: Raise = None
    tags: More | None = None
    position: Position | None = None
    enabled: bool | None = None

    @model_validator(mode="after")
    def refuse_null_where_there_must_be_something(self) -> "RulePatch":
        for name in self.model_fields_set - {"priority"}:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class RuleOut(Model):
    id: UUID
    name: str
    condition: str
    team_id: UUID
    skills: list[str]
    priority: Priority | None
    tags: list[str]
    position: int
    enabled: bool
    version: int
    created_at: datetime
    updated_at: datetime


class SimulationRequest(Model):
    """`rules` as they might be, all of them, in their order; left out: as they are."""

    days: int = Field(30, ge=1, le=366, description="Tickets opened in the last so many days.")
    limit: int = Field(500, ge=1, le=1_000, description="The newest so many of them at most.")
    rules: list[RuleIn] | None = Field(None, max_length=200)


class SimulatedRule(Model):
    """`place` is that in the list of rules, from 0. `problems`: why it could not be judged, and for how many."""

    place: int
    rule_id: UUID | None
    name: str
    team_id: UUID
    matched: int
    problems: dict[str, int]


class SimulatedTicket(Model):
    """A ticket that would have gone elsewhere. `rule` and `team_id` are then and now."""

    ticket_id: UUID
    number: int
    was_rule: str | None
    was_team_id: UUID | None
    rule: str | None
    team_id: UUID | None


class Simulation(Model):
    """What the rules would have done. Nothing was done. `shadowed`: how often a later rule would have held as well."""

    examined: int
    unmatched: int
    rules: list[SimulatedRule]
    shadowed: list["Shadow"]
    changed: list[SimulatedTicket]


class Shadow(Model):
    """Tickets for which the rule at `place` came first although the one at `other` held too."""

    place: int
    other: int
    tickets: int


class Take(Model):
    """`over_from`: from whom it is taken over; left out or null: from nobody. `assignee_id`: for whom, if not for the
    caller, as a program does."""

    over_from: UUID | None = None
    assignee_id: UUID | None = None
