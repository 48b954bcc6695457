"""Going through a file: portions are read in processes of their own, some ahead of the one that is being stored.

Each portion is stored in one transaction with the progress, so whoever goes on where an import was interrupted, however
it was, does nothing twice.
"""

import asyncio
import os
from collections import deque
from typing import Final

from services.survey.imports import service
from services.survey.imports.models import FeedbackImport
from services.survey.imports.portions import Read, answered, asked, said_in
from shared.apart import Helper
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, hold, open_claim, postpone
from shared.service import Runtime

_MODULE: Final = "services.survey.imports.portions"
_SECONDS: Final = 120.0
_MEGABYTES: Final = 2_048
# A process takes a second to start; one core is left for storing what they read.
_PORTIONS_WORTH_A_PROCESS: Final = 2
_PROCESSES: Final = max(1, min(4, (os.cpu_count() or 1) - 1))
# So long an import has its turn; others of other accounts may be waiting.
_TURN_SECONDS: Final = 60.0
_MOST_ATTEMPTS: Final = 5


class _TakenOver(Exception):
    """Somebody else goes on with this import, or nobody shall: what was stored of the portion is taken back."""


async def go_on(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the import."""
    async with open_claim(runtime, claim) as work:
        row = await service.SHELF.find_running(work, claim.id)
        if row is not None and claim.attempts > _MOST_ATTEMPTS:
            await service.fail(work, row)
            row = None
        if row is None:
            await finish(work, claim)
            return
    ends_at = asyncio.get_running_loop().time() + _TURN_SECONDS
    ahead = _Ahead(runtime, claim, row)
    try:
        while await _store_one(runtime, claim, ahead, ends_at):
            pass
    except _TakenOver:
        return
    finally:
        await ahead.close()


async def _store_one(runtime: Runtime, claim: Claim, ahead: "_Ahead", ends_at: float) -> bool:
    """False if this attempt is over. Raises `_TakenOver`.

    Whether the import is still ours is asked last: whoever cancels it locks the import first, and the claim after it.
    """
    read = await ahead.next()
    async with open_claim(runtime, claim) as work:
        stored = await service.store(work, claim.id, read)
        if stored == "behind":
            raise _TakenOver
        goes_on = stored == "more" and asyncio.get_running_loop().time() <= ends_at
        if goes_on:
            is_ours = await hold(work, claim)
        elif stored == "over":
            is_ours = await finish(work, claim)
        else:
            is_ours = await postpone(work, claim, work.now, counts=False)
        if not is_ours:
            raise _TakenOver
    return goes_on


class _Ahead:
    """Portions in their order, read before they are asked for: in processes of their own, if that is worth it."""

    def __init__(self, runtime: Runtime, claim: Claim, row: FeedbackImport) -> None:
        self._runtime, self._claim, self._row = runtime, claim, row
        few = _PORTIONS_WORTH_A_PROCESS * runtime.settings.survey_import_portion
        apart = row.rows - row.done > few
        self._helpers = [Helper(_MODULE, megabytes=_MEGABYTES) for _ in range(_PROCESSES if apart else 0)]
        self._number = row.next_portion
        self._tasks: deque[asyncio.Task[Read]] = deque()

    async def next(self) -> Read:
        """Raises `apart.Failed`."""
        while len(self._tasks) <= len(self._helpers):
            self._tasks.append(asyncio.create_task(self._read(self._number)))
            self._number += 1
        return await self._tasks.popleft()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for helper in self._helpers:
            await helper.close()

    async def _read(self, number: int) -> Read:
        async with open_claim(self._runtime, self._claim) as work:
            found = await service.portion_of(work, self._row, number)
        if found is None:
            return Read(number, "", None)
        portion, digest = found
        if not self._helpers:
            return Read(number, digest, await asyncio.to_thread(said_in, portion))
        helper = self._helpers[number % len(self._helpers)]
        return Read(number, digest, answered(await helper.ask(asked(portion), seconds=_SECONDS)))


IMPORTING: Final = Dispatcher(service.QUEUE, go_on, at_once=2, per_lane=1)
