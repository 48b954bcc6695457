"""Where a ticket's targets stand, and why: read from its ledger, changing nothing."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.tickets.calendars.hours import BusinessHours
from services.tickets.cases.history import moment_of
from services.tickets.cases.models import Ticket
from services.tickets.slas import clock, wording
from services.tickets.slas import service as slas
from services.tickets.slas.agreements import Agreement
from services.tickets.slas.clock import Clock, Segment, Standing, Target
from services.tickets.slas.life import entries_of
from services.tickets.slas.schemas import (
    AgreementOut,
    ExplanationOut,
    LedgerOut,
    SegmentOut,
    SLAOut,
    SumsOut,
    TargetOut,
)
from shared.work import Work


async def standing_of(work: Work, ticket: Ticket) -> SLAOut:
    at = moment_of(work, ticket)
    agreement, clocks = await _read(work, ticket, at)
    latest = clock.current(clocks)
    return SLAOut(
        ticket_id=ticket.id,
        policy_id=ticket.policy_id,
        agreement=_agreement(agreement),
        priority=ticket.priority,
        state=ticket.state,
        at=at,
        first_response=_target(ticket, latest[Target.FIRST_RESPONSE], at),
        next_response=_waited_for(ticket, latest.get(Target.NEXT_RESPONSE), at),
        resolution=_target(ticket, latest[Target.RESOLUTION], at),
        periodic_update=_waited_for(ticket, latest.get(Target.PERIODIC_UPDATE), at),
    )


async def explain(work: Work, ticket: Ticket) -> ExplanationOut:
    at = moment_of(work, ticket)
    agreement, clocks = await _read(work, ticket, at)
    zone = agreement.hours.zone if isinstance(agreement.hours, BusinessHours) else ZoneInfo("UTC")
    ledgers: dict[Target, list[LedgerOut]] = {target: [] for target in Target}
    latest = clock.current(clocks)
    for one in clocks:
        is_latest = latest[one.target] is one
        ledgers[one.target].append(_ledger(one, _standing(ticket, one, at, is_latest=is_latest), at, zone))
    return ExplanationOut(
        ticket_id=ticket.id,
        at=at,
        agreement=_agreement(agreement),
        timezone=zone.key,
        first_response=ledgers[Target.FIRST_RESPONSE][0],
        resolution=ledgers[Target.RESOLUTION][0],
        next_responses=ledgers[Target.NEXT_RESPONSE],
        periodic_updates=ledgers[Target.PERIODIC_UPDATE],
    )


async def _read(work: Work, ticket: Ticket, at: datetime) -> tuple[Agreement, list[Clock]]:
    agreement = await slas.agreement_with(work, ticket)
    return agreement, clock.read(await entries_of(work, ticket.id), slas.terms_for(ticket, agreement), at)


def _waited_for(ticket: Ticket, one: Clock | None, at: datetime) -> TargetOut | None:
    return _target(ticket, one, at) if one is not None and one.stop is None else None


def _target(ticket: Ticket, one: Clock, at: datetime) -> TargetOut:
    standing = _standing(ticket, one, at, is_latest=True)
    known: datetime | None = getattr(ticket, f"{one.target}_missed_at")
    return TargetOut(
        target=one.target,
        standing=standing,
        allowance=one.allowance,
        elapsed=one.elapsed,
        remaining=one.allowance - one.elapsed,
        started_at=one.start,
        due_at=one.due_at,
        met_at=one.stop,
        missed_at=known or (one.due_at if standing == "missed" else None),
    )


def _standing(ticket: Ticket, one: Clock, at: datetime, *, is_latest: bool) -> Standing:
    """As the ledger has it. But a miss that was told stays one, also if another priority gave the ticket more time."""
    standing = one.standing(at)
    told = is_latest and getattr(ticket, f"{one.target}_missed_at") is not None
    return "missed" if told and standing != "stopped" else standing


def _agreement(agreement: Agreement) -> AgreementOut:
    policy_id, policy_version, calendar_id, calendar_version = agreement.pin
    return AgreementOut(
        policy_id=policy_id,
        policy_name=agreement.policy.name,
        policy_version=policy_version,
        calendar_id=calendar_id,
        calendar_version=calendar_version,
    )


def _ledger(one: Clock, standing: Standing, at: datetime, zone: ZoneInfo) -> LedgerOut:
    end = one.segments[-1].end if one.segments else one.start
    late_by = (one.stop or at) - one.due_at if one.due_at is not None and one.is_missed(at) else None
    return LedgerOut(
        target=one.target,
        start=one.start,
        end=end,
        segments=[_segment(one.target, segment) for segment in one.segments],
        total=end - one.start,
        elapsed=one.elapsed,
        allowance=one.allowance,
        sums=_sums(one),
        standing=standing,
        due_at=one.due_at,
        met_at=one.stop,
        late_by=late_by,
        summary=wording.summary(one, standing, late_by, zone),
    )


def _sums(one: Clock) -> SumsOut:
    sums = dict.fromkeys(SumsOut.model_fields, timedelta())
    for segment in one.segments:
        sums[segment.kind] += segment.duration
    return SumsOut.model_validate(sums)


def _segment(target: Target, segment: Segment) -> SegmentOut:
    return SegmentOut(
        start=segment.start,
        end=segment.end,
        kind=segment.kind,
        state=segment.state,
        name=segment.name,
        counted=segment.runs,
        duration=segment.duration,
        reason=wording.reason(target, segment),
    )
