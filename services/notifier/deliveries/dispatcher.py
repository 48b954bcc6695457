"""The loop that sends what is due: many at once, few per lane, so that a slow receiver keeps only itself waiting."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import structlog

from services.notifier.deliveries.queue import Claim, claim_due
from shared.bus.loops import GRACE_SECONDS, summary
from shared.service import Runtime

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.25


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
        try:
            while True:
                free = self.at_once - len(lanes)
                busy = set(lanes.values())
                claims = await self._claim(runtime, free, busy) if free else []
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

    async def _attempt(self, runtime: Runtime, claim: Claim) -> None:
        try:
            await self.deliver(runtime, claim)
        except Exception as problem:
            log.error("delivery attempt failed", kind=self.kind, delivery=str(claim.id), error=summary(problem))
