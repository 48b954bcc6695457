"""The relay: from the outbox to the transport, in order, by one process at a time.

Rows that are present are unsent. There is no high-water mark, because positions become visible in commit order and not
in their own; and no row is locked while the transport works, because a slow broker must not hold up vacuum.
"""

import time
from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from shared.bus.ddl import outbox_channel
from shared.bus.link import Link, LinkDown
from shared.bus.loops import Backoff, hint, unbroken
from shared.bus.transport import Outgoing, Transport, TransportDown, Unroutable
from shared.observability.metrics import EVENTS_SENT, UNROUTABLE
from shared.service import Runtime

log = structlog.get_logger(__name__)

EVENTS_AT_ONCE = 2_000
BYTES_AT_ONCE = 8_000_000
# Types that no queue takes are offered again this often; meanwhile the others pass them.
PARKED_SECONDS = 5.0


class Querying(Protocol):
    """Runs statements: a `Link`, or an asyncpg connection."""

    async def fetch(self, query: str, *args: Any) -> Sequence[Any]: ...

    async def execute(self, query: str, *args: Any) -> Any: ...


class Relay:
    """Sends one service's events. `schema` is the service's."""

    def __init__(self, schema: str, transport: Transport) -> None:
        self._schema = schema
        self._transport = transport
        self._parked: dict[str, float] = {}
        # The sum keeps a backlog of large events from filling the memory; the first one is always taken.
        self._select = f"""
            select position, type, body from (
                select *, sum(octet_length(body)) over (order by position) - octet_length(body) as before
                from (
                    select * from "{schema}".outbox where type <> all($1) order by position limit {EVENTS_AT_ONCE}
                ) waiting
            ) summed
            where before < {BYTES_AT_ONCE} order by position"""
        self._delete = f'delete from "{schema}".outbox where position = any($1)'

    async def step(self, outbox: Querying) -> int:
        """Send what waits, at most one batch. Returns how many left the outbox. Raises `TransportDown`."""
        rows = await outbox.fetch(self._select, self._parked_types())
        if not rows:
            return 0
        events = [Outgoing(row["type"], row["body"]) for row in rows]
        refused: frozenset[str] = frozenset()
        try:
            await self._transport.publish(events)
        except Unroutable as problem:
            refused = problem.types
        self._park(refused, {event.type for event in events})
        sent = [row["position"] for row in rows if row["type"] not in refused]
        await outbox.execute(self._delete, sent)
        EVENTS_SENT.labels(self._schema).inc(len(sent))
        return len(sent)

    def _parked_types(self) -> list[str]:
        now = time.monotonic()
        return [event_type for event_type, until in self._parked.items() if until > now]

    def _park(self, refused: frozenset[str], offered: set[str]) -> None:
        for event_type in refused - self._parked.keys():
            log.error("no queue takes these events, they wait in the outbox", type=event_type)
        for event_type in offered - refused:
            self._parked.pop(event_type, None)
        self._parked |= dict.fromkeys(refused, time.monotonic() + PARKED_SECONDS)
        UNROUTABLE.labels(self._schema).inc(len(refused))


async def run_relay(runtime: Runtime, link: Link) -> None:
    """Send for as long as this process holds the service's lock; stand by while another does.

    The lock lives as long as the link's connection, and the link is also how rows are read and deleted: who has lost
    the lock cannot go on.
    """
    schema = runtime.service.name
    woken = link.listen(outbox_channel(schema))
    relay = Relay(schema, runtime.transport)
    backoff = Backoff(f"relay of {schema}")
    locked_in = 0
    while True:
        try:
            if locked_in != link.generation or not locked_in:
                locked_in = await _lock(link, schema)
            if not locked_in or not await unbroken(relay.step(link)):
                await hint(woken)
            backoff.reset()
        except (TransportDown, LinkDown) as problem:
            await backoff.after(problem)


async def relay_once(runtime: Runtime) -> int:
    """Send everything that waits now, without the lock: for tests and for an orderly end. Returns how many."""
    relay = Relay(runtime.service.name, runtime.transport)
    sent = 0
    async with runtime.database.engine.connect() as pooled:
        connection: Any = (await pooled.get_raw_connection()).driver_connection
        while step := await relay.step(connection):
            sent += step
    return sent


async def _lock(link: Link, schema: str) -> int:
    """The link's generation in which the lock is held, or 0."""
    async with link.turn() as connection:
        held = await connection.fetchval("select pg_try_advisory_lock(hashtext('heed.relay'), hashtext($1))", schema)
        return link.generation if held else 0
