"""Where a ticket's targets stand, and why: read from its history, changing nothing."""

from collections.abc import Sequence
from datetime import datetime

from services.tickets.cases.history import moment_of
from services.tickets.cases.models import Ticket
from services.tickets.slas import clock
from services.tickets.slas import service as slas
from services.tickets.slas.clock import RUNS_IN, Entry, Segment, Target
from services.tickets.slas.schemas import (
    ExplanationOut,
    LedgerOut,
    SegmentOut,
    SLAOut,
    Standing,
    TargetOut,
)
from shared.contracts.tickets import TicketState
from shared.work import Work

_REASONS: dict[tuple[Target, TicketState], str] = {
    (Target.FIRST_RESPONSE, "new"): "The customer waits for a first answer.",
    (Target.FIRST_RESPONSE, "open"): "The customer waits for a first answer.",
    (Target.FIRST_RESPONSE, "pending"): "The customer waits for a first answer, also while the ticket is pending.",
    (Target.FIRST_RESPONSE, "on_hold"): "The customer waits for a first answer, also while the ticket is on hold.",
    (Target.RESOLUTION, "new"): "Nobody has taken up the ticket yet.",
    (Target.RESOLUTION, "open"): "The ticket is being worked on.",
    (Target.RESOLUTION, "pending"): "Pending: the clock is paused.",
    (Target.RESOLUTION, "on_hold"): "On hold: the clock is paused.",
    (Target.FIRST_RESPONSE, "merged"): "The ticket was merged into another one: the clock stands still.",
    (Target.RESOLUTION, "merged"): "The ticket was merged into another one: the clock stands still.",
}
_DONE = "The ticket was resolved: the clock stands still."


async def standing_of(work: Work, ticket: Ticket) -> SLAOut:
    at = moment_of(work, ticket)
    entries = await slas.entries_of(work, ticket.id)
    return SLAOut(
        ticket_id=ticket.id,
        policy_id=ticket.policy_id,
        priority=ticket.priority,
        state=ticket.state,
        at=at,
        first_response=_target(ticket, Target.FIRST_RESPONSE, entries, at),
        resolution=_target(ticket, Target.RESOLUTION, entries, at),
    )


async def explain(work: Work, ticket: Ticket) -> ExplanationOut:
    at = moment_of(work, ticket)
    entries = await slas.entries_of(work, ticket.id)
    return ExplanationOut(
        ticket_id=ticket.id,
        at=at,
        first_response=_ledger(ticket, Target.FIRST_RESPONSE, entries, at),
        resolution=_ledger(ticket, Target.RESOLUTION, entries, at),
    )


def _target(ticket: Ticket, target: Target, entries: Sequence[Entry], at: datetime) -> TargetOut:
    allowance = slas.allowance_of(ticket, target)
    on_the_clock = clock.elapsed(_segments(ticket, target, entries, at))
    due: datetime | None = getattr(ticket, f"{target}_due_at")
    met_at = ticket.first_responded_at if target is Target.FIRST_RESPONSE else ticket.resolved_at
    missed_at: datetime | None = getattr(ticket, f"{target}_missed_at")
    # The alarm may not have rung yet; what is past its due time is missed all the same.
    if missed_at is None and met_at is None and clock.is_missed(due, at):
        missed_at = due
    return TargetOut(
        target=target,
        standing=_standing(ticket.state, target, met_at, missed_at),
        allowance=allowance,
        elapsed=on_the_clock,
        remaining=allowance - on_the_clock,
        due_at=due,
        met_at=met_at,
        missed_at=missed_at,
    )


def _standing(state: TicketState, target: Target, met_at: datetime | None, missed_at: datetime | None) -> Standing:
    if missed_at is not None:
        return "missed"
    if met_at is not None:
        return "met"
    if state in RUNS_IN[target]:
        return "running"
    return "paused" if state in ("pending", "on_hold") else "stopped"


def _ledger(ticket: Ticket, target: Target, entries: Sequence[Entry], at: datetime) -> LedgerOut:
    segments = _segments(ticket, target, entries, at)
    start = entries[0][0]
    end = segments[-1].end if segments else start
    return LedgerOut(
        target=target,
        start=start,
        end=end,
        segments=[_segment(target, segment) for segment in segments],
        total=end - start,
        elapsed=clock.elapsed(segments),
        allowance=slas.allowance_of(ticket, target),
    )


def _segments(ticket: Ticket, target: Target, entries: Sequence[Entry], at: datetime) -> list[Segment]:
    """A first answer ends the wait for one, so its ledger ends there."""
    answered = ticket.first_responded_at if target is Target.FIRST_RESPONSE else None
    return clock.ledger(entries, target, answered or at)


def _segment(target: Target, segment: Segment) -> SegmentOut:
    return SegmentOut(
        start=segment.start,
        end=segment.end,
        state=segment.state,
        counted=segment.runs,
        duration=segment.duration,
        reason=_REASONS.get((target, segment.state), _DONE),
    )
