"""Timers: what must happen later. Any replica may run one, and none runs one twice.

A claim is a lease with a fence; the handler's transaction begins by deleting the row under that fence. So a claim that
was taken over, moved or cancelled meanwhile finds nothing to delete, and does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import CursorResult, delete, or_, select, update

from shared.bus.events import Actor
from shared.bus.inbox import printable
from shared.bus.link import Link, is_database_down
from shared.bus.loops import POLL_SECONDS, hint, summary, unbroken
from shared.bus.subscriptions import Timer
from shared.contracts.base import ActorKind
from shared.observability.tracing import span
from shared.service import Runtime
from shared.work import Work, open_work

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
AT_ONCE = 20
LAST_ATTEMPT = 10
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Claim:
    timer: Timer
    account_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    fence: int


async def run_timers(runtime: Runtime, link: Link) -> None:
    """Fire what falls due, to the second or better, until cancelled."""
    wake = link.listen(f"heed_timers_{runtime.service.name}")
    question = f'select min(due_at) from "{runtime.service.name}".timers where dead is null'
    while True:
        due_at = (await link.fetchrow(question))[0]
        pause = POLL_SECONDS
        if due_at is not None:
            pause = min(POLL_SECONDS, (due_at - runtime.clock.now()).total_seconds())
        if pause <= 0:
            claims = await _claim(runtime)
            pause = 0.0 if claims else POLL_SECONDS  # nothing to claim: others have it, or it waits after a failure
            await unbroken(_run_all(runtime, claims))
        if pause > 0:
            await hint(wake, seconds=pause)


async def run_due_timers(runtime: Runtime) -> int:
    """Fire everything that is due by the runtime's clock. Returns how many succeeded."""
    fired = 0
    while claims := await _claim(runtime):
        fired += await _run_all(runtime, claims)
    return fired


async def _claim(runtime: Runtime) -> list[_Claim]:
    timers, now = runtime.database.tables.timers, runtime.clock.now()
    free = or_(timers.c.locked_until.is_(None), timers.c.locked_until <= now)
    due = (
        select(timers.c.id)
        .where(timers.c.dead.is_(None), timers.c.due_at <= now, free)
        .order_by(timers.c.due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    statement = (
        update(timers)
        .where(timers.c.id.in_(due.scalar_subquery()))
        .values(locked_until=now + LEASE, fence=timers.c.fence + 1)
        .returning(timers)
    )
    async with runtime.database.transaction(None) as session:
        rows = (await session.execute(statement)).all()
    return [_claimed(row) for row in sorted(rows, key=lambda row: (row.due_at, row.id))]


def _claimed(row: Any) -> _Claim:
    timer = Timer(row.id, row.kind, row.key, row.due_at, row.payload, row.attempts)
    return _Claim(timer, row.account_id, row.correlation_id, row.causation_id, row.traceparent, row.fence)


async def _run_all(runtime: Runtime, claims: Sequence[_Claim]) -> int:
    return sum([await _run(runtime, claim) for claim in claims])


async def _run(runtime: Runtime, claim: _Claim) -> bool:
    try:
        return await _fire(runtime, claim)
    except Exception as problem:
        if is_database_down(problem):
            raise
        await _note_failure(runtime, claim, problem)
        return False


async def _fire(runtime: Runtime, claim: _Claim) -> bool:
    timer = claim.timer
    handle = runtime.service.timers.get(timer.kind)
    if handle is None:
        raise LookupError(f"no handler for timers of kind {timer.kind}")
    with span(timer.kind, SpanKind.INTERNAL, claim.traceparent) as traceparent:
        async with open_work(
            runtime.database,
            claim.account_id,
            Actor(ActorKind.SYSTEM, runtime.service.name),
            clock=runtime.clock,
            correlation_id=claim.correlation_id,
            causation_id=claim.causation_id,
            traceparent=traceparent,
        ) as work:
            if not await _is_ours(work, claim):
                return False
            await handle(work, timer)
    return True


async def _is_ours(work: Work, claim: _Claim) -> bool:
    timers = work.tables.timers
    fenced = (timers.c.id == claim.timer.id) & (timers.c.fence == claim.fence)
    result = await work.session.execute(delete(timers).where(fenced))
    return cast("CursorResult[Any]", result).rowcount == 1


async def _note_failure(runtime: Runtime, claim: _Claim, problem: Exception) -> None:
    timers, timer, now = runtime.database.tables.timers, claim.timer, runtime.clock.now()
    attempts = timer.attempts + 1
    is_dead = attempts >= LAST_ATTEMPT
    values: dict[str, Any] = {"attempts": attempts, "locked_until": now + pause_after(attempts)}
    if is_dead:
        values["dead"] = printable(f"{type(problem).__name__}: {problem}")
    report = log.error if is_dead else log.warning
    report("dead timer" if is_dead else "timer failed", kind=timer.kind, timer_id=str(timer.id), error=summary(problem))
    fenced = (timers.c.id == timer.id) & (timers.c.fence == claim.fence)
    async with runtime.database.transaction(None) as session:
        await session.execute(update(timers).where(fenced).values(values))


def pause_after(attempts: int) -> timedelta:
    """5 s after the first failure, doubling, at most an hour."""
    return min(LONGEST_PAUSE, timedelta(seconds=5 * 2 ** (attempts - 1)))
