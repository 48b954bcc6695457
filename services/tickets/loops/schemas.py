"""Loops as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.tickets.cases.schemas import Reason
from services.tickets.loops.models import ConfirmedBy
from shared.contracts.tickets import LoopStage
from shared.http.schemas import Model

Seconds = Annotated[int | None, Field(ge=60, le=366 * 24 * 3_600, description="null: nobody is late in this stage.")]
Required = Annotated[
    list[Literal["root_cause", "corrective_action"]],
    Field(max_length=2, description="What a ticket is not resolved without."),
    AfterValidator(lambda names: sorted(set(names), reverse=True)),
]


class Allowances(Model):
    """How long a loop may be in each stage, around the clock, before somebody is told."""

    needs_follow_up_seconds: Seconds
    contacted_seconds: Seconds
    fixed_seconds: Seconds
    confirmed_seconds: Seconds


class LoopPolicyIn(Model):
    """Holds for loops from their next stage on, and for tickets that are resolved from now on."""

    required_at_resolve: Required
    allowances: Allowances


class LoopPolicyOut(Model):
    required_at_resolve: list[Literal["root_cause", "corrective_action"]]
    allowances: Allowances
    version: int
    updated_at: datetime | None


class ByHand(Model):
    reason: Reason = Field(description="How it came about, such as: Called her, and she was glad.")


class LoopOut(Model):
    """`before` and `after` are the customer's ratings from 0 to 100, of the feedback and of how it was dealt with.

    A time is null for a stage that was not reached, or was passed over, in this round. `due_at`: by when this stage is
    to be left; `confirmed_by`: the customer's own link or answer, or a colleague who heard it from them.
    """

    ticket_id: UUID
    number: int
    feedback_id: UUID
    customer_id: UUID | None
    assignee_id: UUID | None
    team_id: UUID | None
    channel: str
    stage: LoopStage
    round: int
    before: int | None
    after: int | None
    needs_follow_up_at: datetime
    contacted_at: datetime | None
    fixed_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: ConfirmedBy | None
    re_measured_at: datetime | None
    due_at: datetime | None
    overdue: bool
    root_cause: str | None
    corrective_action: str | None
