"""One connection to PostgreSQL that mends itself, outside any pool: for LISTEN, for locks that live as long as the
connection, and for the short statements of the bus. Loops share it, so an idle worker costs one backend per service.

Its commits do not wait for the disk: what a crash may undo here (a claim, a deletion of what has been sent or handled)
is done again, and the inbox knows it. A statement that must last says so with `synchronous_commit`, as `publish` does.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import sqlalchemy.exc

from shared.bus.loops import Outage

CONNECT_SECONDS = 5.0
# All its statements are short; one that takes longer means that the other side is gone.
STATEMENT_SECONDS = 10.0

_REFUSED_OR_LOST = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    # A server that dies says so on idle connections too, and asyncpg is then taken by surprise at the next use.
    asyncpg.InternalClientError,
)
# On a connection of our own with short statements, these mean the same.
_GONE = (*_REFUSED_OR_LOST, OSError, TimeoutError, asyncpg.InterfaceError)

_SETTINGS = {
    "application_name": "heed_bus",
    "jit": "off",
    "synchronous_commit": "off",
    # Its tables are queues: nearly empty, with many dead rows. Statistics mislead the planner there; the index in order
    # is always right, and is the one way of scanning that clears dead entries as it passes them.
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "plan_cache_mode": "force_generic_plan",
}


class LinkDown(Outage):
    """The database does not answer."""


class Link:
    """Connects when first used and again whenever the connection was lost. Statements take turns."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.generation = 0  # counts connections: what belongs to a session is gone when it changes
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self._hints: dict[str, asyncio.Event] = {}
        self._listening: set[str] = set()
        self._problem: str | None = None

    def listen(self, channel: str) -> asyncio.Event:
        """Set at each NOTIFY on the channel, and when a connection was lost. It begins with the link's next use."""
        return self._hints.setdefault(channel, asyncio.Event())

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[asyncpg.Connection]:
        """The connection, for this caller alone. Raises `LinkDown`."""
        async with self._turn:
            try:
                yield await self._connected()
            except _GONE as problem:
                self._drop(type(problem).__name__)
                raise LinkDown(f"database does not answer: {type(problem).__name__}") from problem

    async def fetch(self, query: str, *args: Any) -> list[asyncpg.Record]:
        async with self.turn() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *args)
            return rows

    async def fetchrow(self, query: str, *args: Any) -> asyncpg.Record:
        """The only row of a query that always has one."""
        return (await self.fetch(query, *args))[0]

    async def execute(self, query: str, *args: Any) -> None:
        async with self.turn() as connection:
            await connection.execute(query, *args)

    def problem(self) -> str | None:
        return self._problem

    async def close(self) -> None:
        async with self._turn:
            connection, self._connection = self._connection, None
            if connection is not None and not connection.is_closed():
                connection.remove_termination_listener(self._lost)
                try:
                    await connection.close(timeout=2)
                except _GONE:
                    connection.terminate()

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is not None and not self._connection.is_closed():
            missing = [channel for channel in self._hints if channel not in self._listening]
        else:
            self._connection = await asyncpg.connect(
                self.url,
                timeout=CONNECT_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                server_settings=_SETTINGS,
            )
            self._connection.add_termination_listener(self._lost)
            self._listening = set()
            self.generation += 1
            missing = list(self._hints)
        for channel in missing:
            await self._connection.add_listener(channel, self._hinted)
            self._listening.add(channel)
        self._problem = None
        return self._connection

    def _hinted(self, _connection: object, _pid: int, channel: str, _payload: object) -> None:
        self._hints[channel].set()

    def _lost(self, _connection: object) -> None:
        self._problem = "connection lost"
        for event in self._hints.values():
            event.set()

    def _drop(self, reason: str) -> None:
        self._problem = reason
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def is_database_down(problem: BaseException | None) -> bool:
    """Whether the database was out of reach, as opposed to having refused something."""
    while problem is not None:
        if isinstance(problem, (*_REFUSED_OR_LOST, sqlalchemy.exc.TimeoutError, LinkDown)):
            return True
        if isinstance(problem, asyncpg.InterfaceError) and "closed" in str(problem):
            return True
        if isinstance(problem, sqlalchemy.exc.DBAPIError) and problem.connection_invalidated:
            return True
        problem = problem.__cause__
    return False
