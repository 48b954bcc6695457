"""Dead letters: what the service gave up on, and how a person sends it on its way again once the cause is mended."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

import orjson
from sqlalchemy import CursorResult, delete, select, update

from shared.bus.consumer import UNREADABLE, deliver
from shared.bus.events import MalformedEvent, decode_event
from shared.service import Runtime


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`place` is where it lies; `what` the handler, the timer's kind, or the queue; `reason` the last error."""

    place: Literal["inbox", "timer", "transport"]
    id: str
    what: str
    event_type: str | None
    account_id: UUID | None
    attempts: int
    reason: str
    since: datetime | None


async def list_dead(runtime: Runtime, *, limit: int = 100) -> list[DeadLetter]:
    """Up to `limit` from each place, oldest first. The transport is asked as well; raises `TransportDown`."""
    return [
        *await _dead_events(runtime, limit),
        *await _dead_timers(runtime, limit),
        *await _dead_messages(runtime, limit),
    ]


async def redrive(runtime: Runtime, *, what: str | None = None) -> int:
    """Give the dead letters of the service, or of one handler or kind of timer, a fresh set of attempts.

    Returns how many. Events are tried in the order they were made. Doing it twice does no harm: what was handled
    meanwhile is known in the inbox.
    """
    count = await _redrive_events(runtime, what) + await _redrive_timers(runtime, what)
    if what in (None, UNREADABLE):
        count += await _redrive_unreadable(runtime)
    if what in (None, runtime.service.name):
        count += await runtime.transport.redrive(runtime.service.name)
    return count


async def _dead_events(runtime: Runtime, limit: int) -> list[DeadLetter]:
    inbox = runtime.database.tables.inbox
    statement = select(inbox).where(inbox.c.state == "dead").order_by(inbox.c.received_at).limit(limit)
    async with runtime.database.transaction(None) as session:
        rows = (await session.execute(statement)).all()
    return [
        DeadLetter(
            place="inbox",
            id=str(row.event_id),
            what=row.handler,
            event_type=_type_of(row.body),
            account_id=row.account_id,
            attempts=row.attempts,
            reason=row.last_error or "",
            since=row.received_at,
        )
        for row in rows
    ]


async def _dead_timers(runtime: Runtime, limit: int) -> list[DeadLetter]:
    timers = runtime.database.tables.timers
    statement = select(timers).where(timers.c.dead.is_not(None)).order_by(timers.c.due_at).limit(limit)
    async with runtime.database.transaction(None) as session:
        rows = (await session.execute(statement)).all()
    return [
        DeadLetter(
            place="timer",
            id=str(row.id),
            what=row.kind,
            event_type=None,
            account_id=row.account_id,
            attempts=row.attempts,
            reason=row.dead,
            since=row.due_at,
        )
        for row in rows
    ]


async def _dead_messages(runtime: Runtime, limit: int) -> list[DeadLetter]:
    return [
        DeadLetter(
            place="transport",
            id=message.id,
            what=runtime.service.name,
            event_type=_type_of(message.bodies[0]) if message.bodies else None,
            account_id=None,
            attempts=0,
            reason=message.reason,
            since=None,
        )
        for message in await runtime.transport.dead(runtime.service.name, limit=limit)
    ]


async def _redrive_events(runtime: Runtime, what: str | None) -> int:
    inbox = runtime.database.tables.inbox
    statement = (
        update(inbox)
        .where(inbox.c.state == "dead", inbox.c.handler != UNREADABLE)
        .values(state="retry", attempts=0, next_at=runtime.clock.now())
    )
    if what is not None:
        statement = statement.where(inbox.c.handler == what)
    async with runtime.database.transaction(None) as session:
        return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def _redrive_timers(runtime: Runtime, what: str | None) -> int:
    timers = runtime.database.tables.timers
    statement = update(timers).where(timers.c.dead.is_not(None)).values(dead=None, attempts=0, locked_until=None)
    if what is not None:
        statement = statement.where(timers.c.kind == what)
    async with runtime.database.transaction(None) as session:
        return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def _redrive_unreadable(runtime: Runtime) -> int:
    """Deliver what this version can read and the one before could not; the rest stays."""
    inbox = runtime.database.tables.inbox
    unreadable = (inbox.c.handler == UNREADABLE) & (inbox.c.state == "dead")
    async with runtime.database.transaction(None) as session:
        rows = (await session.execute(select(inbox.c.event_id, inbox.c.body).where(unreadable))).all()
    count = 0
    for row in rows:
        try:
            decode_event(row.body)
        except MalformedEvent:
            continue
        await deliver(runtime, [row.body])
        async with runtime.database.transaction(None) as session:
            await session.execute(delete(inbox).where(unreadable, inbox.c.event_id == row.event_id))
        count += 1
    return count


def _type_of(body: bytes | None) -> str | None:
    try:
        event_type = orjson.loads(body or b"").get("type")
    except (orjson.JSONDecodeError, AttributeError):
        return None
    return event_type if isinstance(event_type, str) else None
