"""Timers: what must happen later. Any replica may run one, and none runs one twice.

A claim is a lease with a fence; the handler's transaction begins by deleting the row under that fence. So a claim that
was taken over, moved or cancelled meanwhile finds nothing to delete, and does nothing. That holds too where many timers
share a transaction.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy import ColumnElement, Table, delete, or_, select, tuple_, update
from sqlalchemy.sql.dml import ReturningUpdate

from shared.bus.events import Actor
from shared.bus.inbox import printable
from shared.bus.link import Link, is_database_down
from shared.bus.loops import POLL_SECONDS, hint, summary, unbroken
from shared.bus.subscriptions import Timer, TimerBatch
from shared.contracts.base import ActorKind
from shared.observability.tracing import span
from shared.service import Runtime
from shared.work import Work, open_work

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
AT_ONCE = 20
# Of timers that are handled together.
TOGETHER = 400
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
    """What is due and nobody has: a few that are handled one after the other, and many that are handled together."""
    timers, now = runtime.database.tables.timers, runtime.clock.now()
    batched = timers.c.kind.in_(
        [kind for kind, handle in runtime.service.timers.items() if isinstance(handle, TimerBatch)]
    )
    rows: list[Any] = []
    async with runtime.database.transaction(None) as session:
        for kinds, most in ((~batched, AT_ONCE), (batched, TOGETHER)):
            rows += (await session.execute(_claiming(timers, now, kinds, most))).all()
    return [_claimed(row) for row in sorted(rows, key=lambda row: (row.due_at, row.id))]


def _claiming(timers: Table, now: datetime, kinds: ColumnElement[bool], most: int) -> ReturningUpdate[Any]:
    free = or_(timers.c.locked_until.is_(None), timers.c.locked_until <= now)
    due = (
        select(timers.c.id)
        .where(timers.c.dead.is_(None), timers.c.due_at <= now, free, kinds)
        .order_by(timers.c.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return (
        update(timers)
        .where(timers.c.id.in_(due.scalar_subquery()))
        .values(locked_until=now + LEASE, fence=timers.c.fence + 1)
        .returning(timers)
    )


def _claimed(row: Any) -> _Claim:
    timer = Timer(row.id, row.kind, row.key, row.due_at, row.payload, row.attempts)
    return _Claim(timer, row.account_id, row.correlation_id, row.causation_id, row.traceparent, row.fence)


async def _run_all(runtime: Runtime, claims: Sequence[_Claim]) -> int:
    together: defaultdict[tuple[UUID, str], list[_Claim]] = defaultdict(list)
    fired = 0
    for claim in claims:
        if isinstance(runtime.service.timers.get(claim.timer.kind), TimerBatch):
            together[claim.account_id, claim.timer.kind].append(claim)
        else:
            fired += await _run(runtime, claim)
    return fired + sum([await _run_together(runtime, batch) for batch in together.values()])


async def _run_together(runtime: Runtime, claims: Sequence[_Claim]) -> int:
    if len(claims) > 1:
        try:
            return await _fire(runtime, claims)
        except Exception as problem:
            if is_database_down(problem):
                raise
    # One of them is bad, or nobody else is beside it: it holds up nobody.
    return sum([await _run(runtime, claim) for claim in claims])


async def _run(runtime: Runtime, claim: _Claim) -> bool:
    try:
        return await _fire(runtime, [claim]) == 1
    except Exception as problem:
        if is_database_down(problem):
            raise
        await _note_failure(runtime, claim, problem)
        return False


async def _fire(runtime: Runtime, claims: Sequence[_Claim]) -> int:
    """One transaction, of one account and one kind. Several together are nobody's consequence."""
    first, only = claims[0], claims[0] if len(claims) == 1 else None
    handle = runtime.service.timers.get(first.timer.kind)
    if handle is None:
        raise LookupError(f"no handler for timers of kind {first.timer.kind}")
    with span(first.timer.kind, SpanKind.INTERNAL, only.traceparent if only else None) as traceparent:
        async with open_work(
            runtime.database,
            first.account_id,
            Actor(ActorKind.SYSTEM, runtime.service.name),
            clock=runtime.clock,
            correlation_id=only.correlation_id if only else None,
            causation_id=only.causation_id if only else None,
            traceparent=traceparent,
        ) as work:
            ours = await _ours(work, claims)
            if not ours:
                return 0
            if isinstance(handle, TimerBatch):
                await handle.handle(work, [claim.timer for claim in ours])
            else:
                await handle(work, ours[0].timer)
    return len(ours)


async def _ours(work: Work, claims: Sequence[_Claim]) -> list[_Claim]:
    """Those that nobody has taken over, moved or cancelled; their rows are gone with this transaction.

    Who holds a row just now is moving or cancelling it. To wait for them, with the other rows in hand, could be for
    ever: if they do not go through with it, the lease brings the timer back.
    """
    timers = work.tables.timers
    fences = tuple_(timers.c.id, timers.c.fence).in_([(claim.timer.id, claim.fence) for claim in claims])
    free = select(timers.c.id).where(fences).with_for_update(skip_locked=True).cte("free")
    statement = delete(timers).where(timers.c.id == free.c.id).returning(timers.c.id)
    found = set(await work.session.scalars(statement))
    return [claim for claim in claims if claim.timer.id in found]


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
