"""The inbox: what each handler has done, has yet to try again, and has given up on.

A row `(handler, event id)` is written in the same transaction as the handler's effect, so an event that comes twice is
done once. A failure is written in a transaction of its own, with the event, so the message can be acknowledged: what is
tried again comes from here, and the transport never has to count.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, Table, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncSession

RETRY_DELAYS = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10))
LAST_ATTEMPT = len(RETRY_DELAYS) + 1


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that a handler failed on `attempts` times."""

    handler: str
    event_id: UUID
    account_id: UUID
    body: bytes
    attempts: int


async def remember(
    session: AsyncSession, inbox: Table, handler: str, account_id: UUID, event_ids: Sequence[UUID], now: datetime
) -> set[UUID] | None:
    """Note the events as done by this handler. Returns those that are new to it, or None if all are; what is not new
    is somebody's already."""
    statement = text(
        f"""with fresh as (
                insert into {inbox.fullname} (handler, event_id, account_id, state, received_at)
                select :handler, id, :account_id, 'done', :now from unnest(cast(:event_ids as uuid[])) id
                on conflict do nothing returning event_id
            )
            select case when count(*) < :expected then array_agg(event_id) end, count(*) from fresh"""
    )
    values = {"handler": handler, "account_id": account_id, "now": now, "event_ids": list(event_ids)}
    found, count = (await session.execute(statement, values | {"expected": len(event_ids)})).one()
    return None if count == len(event_ids) else set(found or ())


async def note_failure(
    session: AsyncSession, inbox: Table, *, handler: str, event_id: UUID, account_id: UUID, body: bytes, reason: str,
    now: datetime,
) -> None:  # fmt: skip
    """The first failure of an event; the retry loop has it from here."""
    row = {
        "handler": handler,
        "event_id": event_id,
        "account_id": account_id,
        "state": "retry",
        "attempts": 1,
        "next_at": now + retry_delay(1),
        "last_error": printable(reason),
        "body": body,
        "received_at": now,
    }
    await session.execute(insert_or_skip(inbox).values(row).on_conflict_do_nothing())


async def note_unreadable(
    session: AsyncSession, inbox: Table, *, handler: str, event_id: UUID, body: bytes, reason: str, now: datetime
) -> None:
    """What cannot be read will not become readable by trying again: a dead letter at once."""
    row = {
        "handler": handler,
        "event_id": event_id,
        "state": "dead",
        "attempts": 1,
        "last_error": printable(reason),
        "body": body,
        "received_at": now,
    }
    await session.execute(insert_or_skip(inbox).values(row).on_conflict_do_nothing())


async def due(session: AsyncSession, inbox: Table, now: datetime, *, limit: int = 100) -> list[Waiting]:
    """What is to be tried again, in the order the events were made (their ids are UUIDv7)."""
    columns = (inbox.c.handler, inbox.c.event_id, inbox.c.account_id, inbox.c.body, inbox.c.attempts)
    waiting = (inbox.c.state == "retry") & (inbox.c.next_at <= now)
    rows = await session.execute(select(*columns).where(waiting).order_by(inbox.c.event_id).limit(limit))
    return [Waiting(*row) for row in rows]


async def take(session: AsyncSession, inbox: Table, item: Waiting) -> bool:
    """Mark as done, in the transaction that is about to do it. False if another worker has it or had it."""
    locked = select(inbox.c.event_id).where(_is(inbox, item)).with_for_update(skip_locked=True)
    if await session.scalar(locked) is None:
        return False
    done = {"state": "done", "attempts": item.attempts + 1, "next_at": None, "last_error": None, "body": None}
    await session.execute(update(inbox).where(_is(inbox, item)).values(done))
    return True


async def note_further_failure(
    session: AsyncSession, inbox: Table, item: Waiting, *, reason: str, now: datetime
) -> bool:
    """Count a repeated failure. Returns whether it was the last: the event is a dead letter now."""
    attempts = item.attempts + 1
    is_dead = attempts >= LAST_ATTEMPT
    values: dict[str, Any] = {"attempts": attempts, "last_error": printable(reason)}
    values |= {"state": "dead", "next_at": None} if is_dead else {"next_at": now + retry_delay(attempts)}
    result = await session.execute(update(inbox).where(_is(inbox, item)).values(values))
    return is_dead and cast("CursorResult[Any]", result).rowcount == 1


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after so many failures, jittered by a tenth."""
    return RETRY_DELAYS[attempts - 1] * random.uniform(0.9, 1.1)


def printable(reason: str) -> str:
    """As PostgreSQL can hold it, and as a person can read it."""
    return reason.replace("\x00", "")[:500]


def _is(inbox: Table, item: Waiting) -> Any:
    """The row, if nobody has tried it since: `attempts` is its fence."""
    return (
        (inbox.c.handler == item.handler)
        & (inbox.c.event_id == item.event_id)
        & (inbox.c.state == "retry")
        & (inbox.c.attempts == item.attempts)
    )
