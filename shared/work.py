"""Work: one transaction of one account. Endpoints, event handlers and timers all get one, so a rule is written once."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sqlalchemy import Table, TextClause, delete, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus.events import Actor, encode_event
from shared.clock import Clock, day_of
from shared.contracts.base import Payload
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.db.database import Database


@dataclass(slots=True)
class Work:
    """`session` has its transaction open and row-level security set to `account_id`. Nobody but the edge commits it."""

    session: AsyncSession
    account_id: UUID
    actor: Actor
    clock: Clock
    tables: "KitTables"
    correlation_id: UUID
    causation_id: UUID | None = None
    traceparent: str | None = None
    # The service's own; Any because each service has another class of them.
    settings: Any = None
    now: datetime = field(init=False)
    # Id, type and body of each event.
    _outgoing: list[tuple[UUID, str, bytes]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.now = self.clock.now()

    def emit(self, payload: Payload, *, subject: UUID, version: int = 1, by_day: bool = False) -> UUID:
        """Say that something happened; it leaves if and only if this transaction commits. Returns the event's id.

        `subject` is the aggregate, `version` its version after the change: consumers use it to ignore stale updates.
        `by_day`: nobody shall tell from it when on that day it happened, nor from its id.
        """
        event_id = uuid4() if by_day else new_id()
        # The id and the trace of a request tell its time; what followed from an event has that one's, see there.
        starts_chain = by_day and self.causation_id is None
        body = encode_event(
            payload,
            event_id=event_id,
            subject=subject,
            time=day_of(self.now) if by_day else self.now,
            account_id=self.account_id,
            actor=self.actor,
            correlation_id=event_id if starts_chain else self.correlation_id,
            causation_id=self.causation_id,
            traceparent=None if by_day else self.traceparent,
            aggregate_version=version,
        )
        self._outgoing.append((event_id, payload.TYPE, body))
        return event_id

    async def schedule(self, kind: str, *, key: str, due_at: datetime, payload: dict[str, Any] | None = None) -> None:
        """Have the timer `kind` fire at `due_at`. Same kind and key again: moved, and any earlier claim is void."""
        timers = self.tables.timers
        values = {
            "due_at": due_at,
            "payload": payload or {},
            "correlation_id": self.correlation_id,
            "causation_id": self.causation_id,
            "traceparent": self.traceparent,
        }
        statement = upsert(timers).values(id=new_id(), account_id=self.account_id, kind=kind, key=key, **values)
        changes = values | {"attempts": 0, "locked_until": None, "dead": None, "fence": timers.c.fence + 1}
        await self.session.execute(
            statement.on_conflict_do_update(index_elements=["account_id", "kind", "key"], set_=changes)
        )

    async def schedule_all(self, kind: str, due: Mapping[str, datetime]) -> None:
        """`schedule` for many at once, without payload: each key with when it is due."""
        if due:
            values = {"account_id": self.account_id, "kind": kind, "keys": list(due), "due": list(due.values())}
            values |= {"correlation_id": self.correlation_id, "causation_id": self.causation_id}
            await self.session.execute(_timers(self.tables.timers.fullname), values | {"traceparent": self.traceparent})

    async def cancel(self, kind: str, *, key: str) -> None:
        """Forget a timer; nothing happens if there is none."""
        timers = self.tables.timers
        match = (timers.c.account_id == self.account_id) & (timers.c.kind == kind) & (timers.c.key == key)
        await self.session.execute(delete(timers).where(match))

    async def cancel_all(self, kind: str, keys: Sequence[str]) -> None:
        """`cancel` for many at once."""
        if keys:
            values = {"account_id": self.account_id, "kind": kind, "keys": list(keys)}
            await self.session.execute(_no_timers(self.tables.timers.fullname), values)

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[None]:
        """What is done in the block is taken back at its end, events included."""
        told = len(self._outgoing)
        await self.session.flush()
        nested = await self.session.begin_nested()
        try:
            yield
        finally:
            await nested.rollback()
            del self._outgoing[told:]

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """What is done in the block stays unless something is raised in it; then it is taken back, events included, and
        the Work goes on to be good for other things."""
        told = len(self._outgoing)
        try:
            async with self.session.begin_nested():
                yield
        except BaseException:
            del self._outgoing[told:]
            raise

    async def flush_outbox(self) -> None:
        """Write the buffered events. Called by the edge, once, as the last statement before the commit."""
        if self._outgoing:
            await self.session.flush()
            ids, types, bodies = map(list, zip(*self._outgoing, strict=True))
            values = {"account_id": self.account_id, "ids": ids, "types": types, "bodies": bodies}
            await self.session.execute(_into(self.tables.outbox.fullname), values)
            self._outgoing.clear()


@cache
def _into(outbox: str) -> TextClause:
    """One statement however many events: its trigger wakes the relay once. `unnest` keeps their order."""
    return text(f"""
        insert into {outbox} (event_id, account_id, type, body)
        select id, cast(:account_id as uuid), type, body
        from unnest(cast(:ids as uuid[]), cast(:types as text[]), cast(:bodies as bytea[])) as told (id, type, body)
    """)


@cache
def _timers(timers: str) -> TextClause:
    """In the order of the keys, so that two who set the same ones never wait for each other."""
    return text(f"""
        insert into {timers} (id, account_id, kind, key, due_at, payload, correlation_id, causation_id, traceparent)
        select gen_random_uuid(), cast(:account_id as uuid), cast(:kind as text), key, due_at, '{{}}',
            cast(:correlation_id as uuid), cast(:causation_id as uuid), cast(:traceparent as text)
        from unnest(cast(:keys as text[]), cast(:due as timestamptz[])) as item (key, due_at) order by key
        on conflict (account_id, kind, key) do update set
            due_at = excluded.due_at, payload = excluded.payload, correlation_id = excluded.correlation_id,
            causation_id = excluded.causation_id, traceparent = excluded.traceparent, attempts = 0,
            locked_until = null, dead = null, fence = timers.fence + 1
    """)


@cache
def _no_timers(timers: str) -> TextClause:
    """In the order of the keys, for the same reason."""
    return text(f"""
        delete from {timers} where id in (
            select id from {timers} where account_id = cast(:account_id as uuid) and kind = cast(:kind as text)
                and key = any(cast(:keys as text[]))
            order by key for update
        )
    """)


@dataclass(frozen=True, slots=True)
class KitTables:
    """The kit's tables in one service's schema."""

    outbox: Table
    inbox: Table
    timers: Table
    idempotency_keys: Table


@asynccontextmanager
async def open_work(
    database: "Database",
    account_id: UUID,
    actor: Actor,
    *,
    clock: Clock,
    correlation_id: UUID | None = None,
    causation_id: UUID | None = None,
    traceparent: str | None = None,
) -> AsyncIterator[Work]:
    """A transaction that commits on a clean exit, events included, and rolls back on any exception."""
    async with database.transaction(account_id) as session:
        work = Work(
            session=session,
            account_id=account_id,
            actor=actor,
            clock=clock,
            tables=database.tables,
            correlation_id=correlation_id or new_id(),
            causation_id=causation_id,
            traceparent=traceparent,
            settings=database.settings,
        )
        yield work
        await work.flush_outbox()
