"""Where a ticket's targets stand, and why, as it goes out."""

from datetime import datetime, timedelta
from uuid import UUID

from services.tickets.slas.clock import SegmentKind, Standing, Target
from shared.contracts.tickets import Priority, TicketState
from shared.http.schemas import Model


class TargetOut(Model):
    """Where one target stands: its latest wait. `due_at` is null while its clock stands still before the target is
    reached; of what was met it is when it had to be.

    Durations are ISO 8601; `remaining` is negative once the target is missed.
    """

    target: Target
    standing: Standing
    allowance: timedelta
    elapsed: timedelta
    remaining: timedelta
    started_at: datetime
    due_at: datetime | None
    met_at: datetime | None
    missed_at: datetime | None


class AgreementOut(Model):
    """What the ticket was promised: these versions of a policy and a calendar, whatever has become of them since.
    Without a calendar its clocks run around the clock."""

    policy_id: UUID
    policy_name: str
    policy_version: int
    calendar_id: UUID | None
    calendar_version: int | None


class SLAOut(Model):
    """`next_response` and `periodic_update` are null while nobody waits for them, and if they were not promised."""

    ticket_id: UUID
    policy_id: UUID
    agreement: AgreementOut
    priority: Priority
    state: TicketState
    at: datetime
    first_response: TargetOut
    next_response: TargetOut | None
    resolution: TargetOut
    periodic_update: TargetOut | None


class SegmentOut(Model):
    """A stretch of the wait. Its duration is on the clock if `counted`, else beside it; `reason` says why."""

    start: datetime
    end: datetime
    kind: SegmentKind
    state: TicketState
    name: str | None
    counted: bool
    duration: timedelta
    reason: str


class SumsOut(Model):
    """How long the segments of each kind are together."""

    running: timedelta
    outside_hours: timedelta
    holiday: timedelta
    paused: timedelta
    with_assistant: timedelta


class LedgerOut(Model):
    """One wait. The segments follow each other from `start` to `end`, so their durations add up to `total` exactly, and
    those of the counted ones to `elapsed`. `late_by`: how long after its due time it was over, or has lasted so far;
    null if it is not late. `summary` says all of it in a few sentences."""

    target: Target
    start: datetime
    end: datetime
    segments: list[SegmentOut]
    total: timedelta
    elapsed: timedelta
    allowance: timedelta
    sums: SumsOut
    standing: Standing
    due_at: datetime | None
    met_at: datetime | None
    late_by: timedelta | None
    summary: str


class ExplanationOut(Model):
    """All waits of the ticket, also those that are over: each answer to the customer, each word of ours in between."""

    ticket_id: UUID
    at: datetime
    agreement: AgreementOut
    timezone: str
    first_response: LedgerOut
    resolution: LedgerOut
    next_responses: list[LedgerOut]
    periodic_updates: list[LedgerOut]
