"""Facts of other services arrive by event, a moment after their own caller has read 201."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
LOOK_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 0.4


async def arrived(look: Callable[[], Awaitable[T | None]], *, seconds: float = 2.0) -> T | None:
    """What `look` finds, waiting for it if it is not here yet; None if it does not come.

    For ids that a client was given moments ago: a wrong id waits in vain, a right one is never refused. `look` is to
    hold nothing between two calls: open a transaction of its own, or there soon is no connection for anybody.
    """
    pause = LOOK_SECONDS
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found is not None or asyncio.get_running_loop().time() >= deadline:
            return found
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
