"""Group commit: concurrent requests share one transaction, and each is answered after it has committed.

One statement writes the whole group, so the cost of a commit is divided by the number of requests that wait for one.
There is one writer per process: while it commits, the next group gathers, so groups grow with the load and a lone
request waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import asyncpg

from shared.db.database import CONNECT_SECONDS, STATEMENT_MILLISECONDS
from shared.http.errors import TooMany

Item = TypeVar("Item")
Result = TypeVar("Result")
# Writes all items in one transaction and returns one result for each, in order.
Write = Callable[[asyncpg.Connection, Sequence[Item]], Awaitable[Sequence[Result]]]

# A member of the group did this, or two groups met; written alone, the others are fine.
_NOT_EVERYBODYS_FAULT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DeadlockDetectedError,
)


class OwnConnection:
    """One connection outside the pools, for a role of its own; opened when first used, and again after an outage."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = asyncio.Lock()
        self._connection: asyncpg.Connection | None = None

    @asynccontextmanager
    async def use(self) -> AsyncIterator[asyncpg.Connection]:
        """One at a time, in the order of asking."""
        async with self._lock:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._connect()
            yield self._connection

    async def close(self) -> None:
        async with self._lock:
            if self._connection is not None:
                await self._connection.close(timeout=CONNECT_SECONDS)

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            # A database that hangs must not keep everybody waiting for ever; the server gives up a little earlier.
            command_timeout=STATEMENT_MILLISECONDS / 1000 + 1,
            server_settings={"jit": "off", "statement_timeout": str(STATEMENT_MILLISECONDS)},
        )


class GroupCommit(Generic[Item, Result]):
    """`url` signs in as the role that may only write. At most `waiting` items queue; more are refused at once."""

    def __init__(self, url: str, write: Write[Item, Result], *, largest: int = 100, waiting: int = 2_000) -> None:
        self._connection = OwnConnection(url)
        self._write = write
        self._largest = largest
        self._limit = waiting
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        self._task = asyncio.create_task(self._run(), name="group-commit")

    async def close(self) -> None:
        """Finishes what waits and what is being written, then lets go of the connection."""
        self._closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
        await self._connection.close()

    async def submit(self, item: Item) -> Result:
        """Returns after the commit. Raises `TooMany` when too much waits already, or what the write raised."""
        if len(self._waiting) >= self._limit:
            raise TooMany("More is arriving than can be stored; slow down.", retry_after=1)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._wake.set()
        return await future

    async def _run(self) -> None:
        while self._waiting or not self._closing:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                count = min(self._largest, len(self._waiting))
                await self._commit([self._waiting.popleft() for _ in range(count)])

    async def _commit(self, group: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            async with self._connection.use() as connection:
                results = await self._write(connection, [item for item, _ in group])
        except Exception as problem:
            await self._fail(group, problem)
            return
        for (_, future), result in zip(group, results, strict=True):
            # Whoever no longer waits has gone away; what was written stays written.
            if not future.done():
                future.set_result(result)

    async def _fail(self, group: list[tuple[Item, "asyncio.Future[Result]"]], problem: Exception) -> None:
        """One item that cannot be written must not take the others with it: each is tried alone."""
        if len(group) > 1 and isinstance(problem, _NOT_EVERYBODYS_FAULT):
            for member in group:
                await self._commit([member])
            return
        for _, future in group:
            if not future.done():
                future.set_exception(problem)
