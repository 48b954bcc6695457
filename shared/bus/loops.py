"""What every endless loop of a worker needs: pauses that grow, wake-ups that are only hints, and a clean end."""

import asyncio
import random
import traceback
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Notifications are hints; whoever waits for one looks for itself at least this often.
POLL_SECONDS = 1.0
# On shutdown, what has begun may end.
GRACE_SECONDS = 20.0
# A loop that has run for so long was well: its next failure is a new one.
HEALTHY_SECONDS = 60.0


class Outage(Exception):
    """A server does not answer. It is waited for; no event is to blame."""


class Backoff:
    """Pauses after failures that double from `first` to `most` seconds, jittered so that replicas do not knock in step.

    The log hears of the first failure of a row and of its end: an outage is two lines, not thousands.
    """

    def __init__(self, doing: str, *, first: float = 0.1, most: float = 5.0) -> None:
        self._doing = doing
        self._first = first
        self._most = most
        self._failures = 0

    async def after(self, problem: BaseException) -> None:
        """Pause, longer after each failure."""
        report = log.debug if self._failures and is_outage(problem) else log.warning
        trace = {} if is_outage(problem) else {"trace": places(problem)}
        report("failed, will be repeated", doing=self._doing, error=summary(problem), **trace)
        seconds = min(self._most, self._first * 2 ** min(self._failures, 20))
        self._failures += 1
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))

    def reset(self) -> None:
        """It worked."""
        if self._failures:
            log.info("works again", doing=self._doing, failures=self._failures)
        self._failures = 0


async def forever(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run `loop`, which does not end, until cancelled; when it fails, start it again after a growing pause."""
    backoff = Backoff(name, first=0.5, most=15.0)
    clock = asyncio.get_running_loop()
    while True:
        started = clock.time()
        try:
            await loop()
            raise RuntimeError("the loop ended by itself")
        except Exception as problem:
            if clock.time() - started > HEALTHY_SECONDS:
                backoff.reset()
            await backoff.after(problem)


async def unbroken(work: Awaitable[T], *, grace: float = GRACE_SECONDS) -> T:
    """Await `work`; if cancelled meanwhile, let it end (for at most `grace` seconds) first."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait({task}, timeout=grace)
        if not task.cancel() and not task.cancelled():
            task.exception()  # the outcome is in the database, nobody else asks for it
        raise


async def hint(event: asyncio.Event, *, seconds: float = POLL_SECONDS) -> None:
    """Return at the next hint, or after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
    event.clear()


def is_outage(problem: BaseException) -> bool:
    """Something is out of reach: that needs no stack trace."""
    return isinstance(problem, (Outage, OSError, TimeoutError))


def summary(problem: BaseException) -> str:
    """The kind of a problem and where it arose. Not its text: that may quote people's data, and logs must not."""
    return " at ".join([type(problem).__name__, *places(problem)[-1:]])


def places(problem: BaseException) -> list[str]:
    """The way to where it arose, `module:line` each, the innermost last."""
    frames = traceback.walk_tb(problem.__traceback__)
    return [f"{frame.f_globals.get('__name__', '?')}:{line}" for frame, line in frames]
