"""The loop that sends what is due: many at once, few per lane, so that a slow receiver keeps only itself waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog
from prometheus_client import Counter, Gauge

from shared.bus.loops import GRACE_SECONDS, summary
from shared.dispatch.queue import LEASE, Claim, backlog, claim_due, kinds_waiting, renew
from shared.service import Runtime

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25
GAUGE_SECONDS = 15.0
RENEW_SECONDS = LEASE.total_seconds() / 3
WAITING = Gauge("heed_dispatches_waiting", "Messages or webhooks that are due and not yet delivered.", ("kind",))
LATE = Gauge("heed_dispatches_late_seconds", "How late the most overdue one is.", ("kind",))
ATTEMPTS = Counter("heed_dispatch_attempts_total", "Attempts to deliver, however they ended.", ("kind",))


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """`deliver` makes one attempt and notes its outcome. If it raises, the claim's lease brings the next attempt."""

    kind: str
    deliver: Callable[[Runtime, Claim], Awaitable[None]]
    at_once: int
    per_lane: int

    async def run(self, runtime: Runtime) -> None:
        """Until cancelled; what has begun by then is finished first."""
        lanes: dict[asyncio.Task[None], UUID] = {}
        clock, measured_at = asyncio.get_running_loop(), -GAUGE_SECONDS
        try:
            while True:
                if clock.time() - measured_at >= GAUGE_SECONDS:
                    measured_at = clock.time()
                    await self._measure(runtime)
                free = self.at_once - len(lanes)
                busy = set(lanes.values())
                worth_it = free and self.kind in await _waiting_in(runtime)
                claims = await self._claim(runtime, free, busy) if worth_it else []
                for claim in claims:
                    lanes[asyncio.create_task(self._attempt(runtime, claim))] = claim.lane
                if lanes:
                    await asyncio.wait(lanes, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    lanes = {task: lane for task, lane in lanes.items() if not task.done()}
                else:
                    await asyncio.sleep(POLL_SECONDS)
        finally:
            if lanes:
                await asyncio.wait(lanes, timeout=GRACE_SECONDS)

    async def run_due(self, runtime: Runtime) -> int:
        """Everything that is due by the runtime's clock, as the loop would; returns how many attempts were made."""
        made = 0
        while claims := await self._claim(runtime, self.at_once, set()):
            await asyncio.gather(*(self._attempt(runtime, claim) for claim in claims))
            made += len(claims)
        return made

    async def _claim(self, runtime: Runtime, limit: int, busy: set[UUID]) -> list[Claim]:
        return await claim_due(runtime, self.kind, limit=limit, per_lane=self.per_lane, busy=busy)

    async def _measure(self, runtime: Runtime) -> None:
        waiting, late = await backlog(runtime, self.kind)
        WAITING.labels(self.kind).set(waiting)
        LATE.labels(self.kind).set(late.total_seconds())

    async def _attempt(self, runtime: Runtime, claim: Claim) -> None:
        ATTEMPTS.labels(self.kind).inc()
        renewing = asyncio.create_task(_renew(runtime, claim))
        try:
            await self.deliver(runtime, claim)
        except Exception as problem:
            log.error("delivery attempt failed", kind=self.kind, delivery=str(claim.id), error=summary(problem))
        finally:
            renewing.cancel()


class _Waiting:
    """What waits in a service, asked once for all of its dispatchers: most of them have nothing to do most of the time,
    and a claim that finds nothing costs as much as one that does."""

    def __init__(self) -> None:
        self._asked_at = float("-inf")
        self._answer: asyncio.Task[frozenset[str]] | None = None

    async def kinds(self, runtime: Runtime) -> frozenset[str]:
        now = asyncio.get_running_loop().time()
        if self._answer is None or now - self._asked_at >= POLL_SECONDS / 2:
            self._asked_at, self._answer = now, asyncio.create_task(kinds_waiting(runtime))
        # One of them that is cancelled leaves the answer to the others.
        return await asyncio.shield(self._answer)


async def _waiting_in(runtime: Runtime) -> frozenset[str]:
    waiting: _Waiting = runtime.state.setdefault("dispatch.waiting", _Waiting())
    return await waiting.kinds(runtime)


async def _renew(runtime: Runtime, claim: Claim) -> None:
    """For an attempt that takes longer than a lease: nobody else begins it meanwhile."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        await renew(runtime, claim)
