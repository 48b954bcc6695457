"""Refused requests are counted, and nothing of them is kept: a flood of forgeries must cost next to nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy.dialects.postgresql import insert

from services.survey.sources.models import Rejection
from shared.bus.loops import summary
from shared.service import Runtime

log = structlog.get_logger(__name__)

EVERY_SECONDS: Final = 1.0


class Rejections:
    """Counts in the process, written down every second; what a process that dies had not written is lost."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._counts: Counter[tuple[UUID, UUID, datetime, str]] = Counter()

    def count(self, account_id: UUID, source_id: UUID, reason: str) -> None:
        hour = self._runtime.clock.now().replace(minute=0, second=0, microsecond=0)
        self._counts[account_id, source_id, hour, reason] += 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._run(), name="rejections")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.write_down()

    async def write_down(self) -> None:
        counts, self._counts = self._counts, Counter()
        accounts = {key[0] for key in counts}
        for account_id in accounts:
            mine = {key: count for key, count in counts.items() if key[0] == account_id}
            try:
                await self._write(account_id, mine)
            except Exception as problem:
                # Later, then.
                self._counts.update(mine)
                log.warning("rejections not counted", error=summary(problem))

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self.write_down()

    async def _write(self, account_id: UUID, counts: dict[tuple[UUID, UUID, datetime, str], int]) -> None:
        now = self._runtime.clock.now()
        names = ("account_id", "source_id", "hour", "reason")
        # Sorted, so that two processes wait for each other rather than deadlock.
        ordered = sorted(counts.items(), key=lambda item: (item[0][1], item[0][2:]))
        rows = [dict(zip(names, key, strict=True)) | {"count": count, "last_at": now} for key, count in ordered]
        statement = insert(Rejection).values(rows)
        changes = {"count": Rejection.count + statement.excluded.count, "last_at": statement.excluded.last_at}
        async with self._runtime.database.transaction(account_id) as session:
            await session.execute(statement.on_conflict_do_update(index_elements=list(names), set_=changes))
