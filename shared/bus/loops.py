"""What every endless loop of a worker needs: pauses that grow, wake-ups that are only hints, and a clean end."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger(__name__)

# Notifications are hints; whoever waits for one looks for itself at least this often.
POLL_SECONDS = 1.0
# On shutdown, what has begun may end.
GRACE_SECONDS = 20.0


class Backoff:
    """Pauses that double from `first` to `most` seconds, jittered so that replicas do not knock in step."""

    def __init__(self, first: float = 0.1, most: float = 5.0) -> None:
        self._first = first
        self._most = most
        self._pause = first

    def reset(self) -> None:
        self._pause = self._first

    async def pause(self) -> None:
        seconds, self._pause = self._pause, min(self._most, self._pause * 2)
        await asyncio.sleep(seconds * random.uniform(0.8, 1.2))


async def forever(name: str, loop: Callable[[], Awaitable[None]]) -> None:
    """Run `loop` until cancelled; when it ends or fails, log it and start again after a growing pause."""
    backoff = Backoff(first=0.5, most=15.0)
    clock = asyncio.get_running_loop()
    while True:
        started = clock.time()
        try:
            await loop()
            log.warning("loop ended", loop=name)
        except Exception as problem:
            log.error("loop failed", loop=name, error=summary(problem), exc_info=not is_expected(problem))
        if clock.time() - started > 60:
            backoff.reset()
        await backoff.pause()


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


def is_expected(problem: BaseException) -> bool:
    """Outages happen and need no stack trace in the log."""
    return isinstance(problem, (OSError, TimeoutError)) or type(problem).__name__ in ("LinkDown", "TransportDown")


def summary(problem: BaseException) -> str:
    """The kind of a problem and where it arose. Not its text: that may quote people's data, and logs must not."""
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}" if trace else ""
    return f"{type(problem).__name__}{place}"
