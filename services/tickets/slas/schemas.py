"""Targets and policies as they come in and go out."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.tickets.slas.clock import Target
from shared.contracts.tickets import Priority, TicketState
from shared.http.schemas import Model, Name

Seconds = Annotated[int, Field(ge=60, le=31_536_000, description="A minute to a year, in elapsed time.")]
Standing = Literal["running", "paused", "met", "missed", "stopped"]


class Targets(Model):
    """How long a customer may wait, in seconds from when the ticket is opened."""

    first_response_seconds: Seconds
    resolution_seconds: Seconds


class PolicyTargets(Model):
    low: Targets
    normal: Targets
    high: Targets
    urgent: Targets


class PolicyIn(Model):
    """The whole policy. It holds for tickets opened, or given another priority, from now on."""

    name: Name
    targets: PolicyTargets


class PolicyOut(Model):
    id: UUID
    name: str
    is_default: bool
    targets: PolicyTargets
    version: int
    created_at: datetime
    updated_at: datetime


class TargetOut(Model):
    """Where one target stands. `due_at` is null while its clock stands still before the target is reached.

    Durations are ISO 8601; `remaining` is negative once the target is missed.
    """

    target: Target
    standing: Standing
    allowance: timedelta
    elapsed: timedelta
    remaining: timedelta
    due_at: datetime | None
    met_at: datetime | None
    missed_at: datetime | None


class SLAOut(Model):
    ticket_id: UUID
    policy_id: UUID
    priority: Priority
    state: TicketState
    at: datetime
    first_response: TargetOut
    resolution: TargetOut


class SegmentOut(Model):
    """A stretch of the ticket's life. Its duration is on the clock if `counted`, else beside it; `reason` says why."""

    start: datetime
    end: datetime
    state: TicketState
    counted: bool
    duration: timedelta
    reason: str


class LedgerOut(Model):
    """The segments follow each other from `start` to `end`, so their durations add up to `total` exactly, and those of
    the counted ones to `elapsed`."""

    target: Target
    start: datetime
    end: datetime
    segments: list[SegmentOut]
    total: timedelta
    elapsed: timedelta
    allowance: timedelta


class ExplanationOut(Model):
    ticket_id: UUID
    at: datetime
    first_response: LedgerOut
    resolution: LedgerOut
