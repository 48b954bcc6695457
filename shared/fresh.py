"""What is asked for with every request and changes seldom, kept in the process for a moment.

The first to find an entry stale looks it up, and all others wait for the same look: what is busy costs one look-up in
that time. A change that another process makes is seen that much later.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Fresh(Generic[K, V]):
    """`load` may be asked for anything; what it finds is good for `seconds`. At most `most` entries are kept."""

    def __init__(self, load: Callable[[K], Coroutine[Any, Any, V]], *, seconds: float, most: int = 5_000) -> None:
        self._load = load
        self._seconds = seconds
        self._most = most
        self._entries: OrderedDict[K, tuple[float, asyncio.Task[V]]] = OrderedDict()

    async def get(self, key: K) -> V:
        """Raises what `load` raised, to all who waited for it; it is tried anew by the next."""
        until, loading = self._entries.get(key, (0.0, None))
        if loading is None or until < time.monotonic():
            loading = asyncio.create_task(self._load(key))
            self._entries[key] = (time.monotonic() + self._seconds, loading)
            if len(self._entries) > self._most:
                self._entries.popitem(last=False)
        if loading.done() and not loading.cancelled() and loading.exception() is None:
            return loading.result()
        try:
            return await asyncio.shield(loading)
        except Exception:
            self.forget(lambda known: known == key)
            raise

    def forget(self, is_stale: Callable[[K], bool]) -> None:
        for key in [key for key in self._entries if is_stale(key)]:
            del self._entries[key]
