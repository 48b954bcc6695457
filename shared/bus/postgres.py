"""Events over PostgreSQL: no broker to run. A message is a row for one queue, leased, worked on, deleted.

Schema `bus` is made by `shared.bus.ddl`; the reasons are in docs/decisions/0003-postgres-transport.md.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import structlog

from shared.bus.batches import in_batches
from shared.bus.link import Link, LinkDown
from shared.bus.loops import Backoff, hint, summary, unbroken
from shared.bus.transport import MOST_DELIVERIES, DeadMessage, Outgoing, Receive, TransportDown, Unroutable

log = structlog.get_logger(__name__)

LEASE_SECONDS = 10.0
MESSAGES_AT_ONCE = 5

# Routes and stores in one statement, one row per queue and batch; answers with the types that no queue takes.
_PUBLISH = """
with sent as (
    select * from unnest($1::text[], $2::bytea[], $3::int[]) with ordinality as event(type, body, batch, place)
), routes as (
    select distinct types.type, bindings.queue
    from (select distinct type from sent) types
    join bus.bindings on bindings.exchange = $4 and '.' || types.type ~ bindings.expression
), stored as (
    insert into bus.messages (queue, events)
    select routes.queue, array_agg(sent.body order by sent.place)
    from sent join routes using (type)
    group by routes.queue, sent.batch
    order by routes.queue, sent.batch
)
select
    array(select distinct type from sent except select type from routes) as unroutable,
    (select count(pg_notify(queue, '')) from (select distinct queue from routes) woken) as woken,
    set_config('synchronous_commit', 'on', true) as lasting
"""

_CLAIM = """
with due as (
    select id from bus.messages
    where queue = $1 and dead is null and locked_until <= now()
    order by id limit $2 for update skip locked
)
update bus.messages message
set deliveries = deliveries + 1,
    locked_until = now() + make_interval(secs => $3),
    dead = case when deliveries > $4 then format('its consumer vanished %s times', deliveries) end
from due where message.id = due.id
returning message.id, message.events, message.dead
"""

# What was not finished for a reason outside the message does not count as a delivery.
_RELEASE = """
update bus.messages set locked_until = now() + interval '0.5 s', deliveries = greatest(deliveries - 1, 0)
where id = any($1)
"""

_DROP_BINDINGS = "delete from bus.bindings where exchange = $1 and queue = $2 and pattern <> all($3)"
_ADD_BINDING = """
insert into bus.bindings (exchange, queue, pattern, expression) values ($1, $2, $3, $4) on conflict do nothing
"""


@dataclass(frozen=True, slots=True)
class _Message:
    id: int
    events: Sequence[bytes]


class PostgresTransport:
    """One service's end of the bus, signed in as the service's role."""

    def __init__(
        self, url: str, *, prefix: str, most_deliveries: int = MOST_DELIVERIES, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self.link = Link(url)
        self._prefix = prefix
        self._most_deliveries = most_deliveries
        self._lease_seconds = lease_seconds

    async def open(self) -> None:
        """Nothing to do: the link connects when it is used, and again when it was lost."""

    async def close(self) -> None:
        await self.link.close()

    async def subscribe(self, queue: str, patterns: Sequence[str]) -> None:
        name = self._queue(queue)
        with _down():
            async with self.link.turn() as connection, connection.transaction():
                await connection.execute("insert into bus.queues (name) values ($1) on conflict do nothing", name)
                await connection.execute(_DROP_BINDINGS, self._prefix, name, list(patterns))
                rows = [(self._prefix, name, pattern, expression_of(pattern)) for pattern in patterns]
                await connection.executemany(_ADD_BINDING, rows)

    async def publish(self, events: Sequence[Outgoing]) -> None:
        batches = [number for number, batch in enumerate(in_batches(events)) for _ in batch]
        types, bodies = [event.type for event in events], [event.body for event in events]
        with _down():
            row = await self.link.fetchrow(_PUBLISH, types, bodies, batches, self._prefix)
        if row["unroutable"]:
            raise Unroutable(frozenset(row["unroutable"]))

    async def consume(self, queue: str, receive: Receive) -> None:
        name = self._queue(queue)
        woken = self.link.listen(name)
        backoff = Backoff(f"consumer of {name}")
        while True:
            try:
                messages = await self._claim(name)
                if messages:
                    await unbroken(self._hand_over(messages, receive))
                else:
                    await hint(woken)
                backoff.reset()
            except Exception as problem:
                await backoff.after(problem)

    async def depth(self, queue: str) -> int:
        with _down():
            row = await self.link.fetchrow(
                "select count(*) from bus.messages where queue = $1 and dead is null", self._queue(queue)
            )
        return int(row[0])

    async def dead(self, queue: str, *, limit: int = 100) -> list[DeadMessage]:
        with _down():
            rows = await self.link.fetch(
                "select id, dead, events from bus.messages where queue = $1 and dead is not null order by id limit $2",
                self._queue(queue),
                limit,
            )
        return [DeadMessage(str(row["id"]), row["dead"], row["events"]) for row in rows]

    async def redrive(self, queue: str) -> int:
        with _down():
            rows = await self.link.fetch(
                """update bus.messages set dead = null, deliveries = 0, locked_until = '-infinity'
                   where queue = $1 and dead is not null returning id""",
                self._queue(queue),
            )
        return len(rows)

    def problem(self) -> str | None:
        return self.link.problem()

    def _queue(self, service: str) -> str:
        return f"{self._prefix}.{service}"

    async def _claim(self, name: str) -> list[_Message]:
        rows = await self.link.fetch(_CLAIM, name, MESSAGES_AT_ONCE, self._lease_seconds, self._most_deliveries)
        for row in rows:
            if row["dead"]:
                log.error("message became a dead letter", queue=name, message=row["id"], reason=row["dead"])
        alive = sorted((row["id"], row["events"]) for row in rows if not row["dead"])
        return [_Message(id, events) for id, events in alive]

    async def _hand_over(self, messages: Sequence[_Message], receive: Receive) -> None:
        ids = [message.id for message in messages]
        try:
            async with self._lease(ids):
                await receive([event for message in messages for event in message.events])
        except Exception:
            await self.link.execute(_RELEASE, ids)
            raise
        await self.link.execute("delete from bus.messages where id = any($1)", ids)

    @asynccontextmanager
    async def _lease(self, ids: Sequence[int]) -> AsyncIterator[None]:
        """Renew the claim while it is being worked on, so that a crash is noticed soon and slow work is not a crash."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(self._lease_seconds / 3)
                try:
                    await self.link.execute(_RENEW, ids, self._lease_seconds)
                except LinkDown as problem:
                    log.warning("lease not renewed", error=summary(problem))

        renewal = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewal.cancel()


_RENEW = "update bus.messages set locked_until = now() + make_interval(secs => $2) where id = any($1)"


@contextmanager
def _down() -> Iterator[None]:
    """The database out of reach is the transport out of reach."""
    try:
        yield
    except LinkDown as problem:
        raise TransportDown(str(problem)) from problem


def expression_of(pattern: str) -> str:
    """A topic pattern as a regular expression for `'.' || type`: each word then begins with its dot."""
    words = {"*": r"\.[^.]+", "#": r"(\.[^.]+)*"}
    return "^" + "".join(words.get(word) or r"\." + re.escape(word) for word in pattern.split(".")) + "$"
