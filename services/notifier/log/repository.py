"""Reading and writing the log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import Select, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.log.models import EventCounter, LoggedEvent
from shared.bus.events import Event
from shared.contracts.base import Payload

# A filtered read looks at this many events at most, so that its cost is bounded however rare the wanted types are.
WINDOW = 50_000
# No chain of causes that is worth following is longer.
LONGEST_CHAIN = 50

_NUMBER = text("""
    insert into event_counters (account_id, last_sequence) values (cast(:account_id as uuid), :count)
    on conflict (account_id) do update set last_sequence = event_counters.last_sequence + excluded.last_sequence
    returning last_sequence
""")
_APPEND = text("""
    insert into events (account_id, sequence, event_id, causation_id, type, time, body)
    select cast(:account_id as uuid), * from unnest(
        cast(:sequences as bigint[]), cast(:event_ids as uuid[]), cast(:causation_ids as uuid[]),
        cast(:types as text[]), cast(:times as timestamptz[]), cast(:bodies as bytea[])
    )
""")
_CAUSES = text(f"""
    with recursive chain (event_id, depth) as (
        select cast(:cause as uuid), 1
        union all
        select events.causation_id, chain.depth + 1
        from events join chain on events.event_id = chain.event_id
        where events.account_id = cast(:account_id as uuid)
            and events.causation_id is not null and chain.depth < {LONGEST_CHAIN}
    )
    select event_id from chain
""")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event and its number."""

    sequence: int
    event_id: UUID
    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Slice:
    """What was found, and up to which number everything has been looked at."""

    entries: Sequence[Entry]
    examined: int


@dataclass(frozen=True, slots=True)
class TypeFilter:
    """Event types, each exact or with `*` at its end. Empty means all."""

    patterns: tuple[str, ...] = ()

    def takes(self, event_type: str) -> bool:
        return not self.patterns or any(
            event_type.startswith(pattern[:-1]) if pattern.endswith("*") else event_type == pattern
            for pattern in self.patterns
        )

    def narrow(self, statement: Select[LoggedEvent]) -> Select[LoggedEvent]:
        if not self.patterns:
            return statement
        column = LoggedEvent.type
        return statement.where(
            or_(
                *(
                    column.startswith(pattern[:-1], autoescape=True) if pattern.endswith("*") else column == pattern
                    for pattern in self.patterns
                )
            )
        )


def numbered(raw: bytes, sequence: int) -> bytes:
    """The same bytes with `"sequence":n` as the last member."""
    return b'%b,"sequence":%d}' % (raw.rstrip()[:-1], sequence)


async def append(session: AsyncSession, account_id: UUID, events: Sequence[Event[Payload]]) -> list[Entry]:
    """Number and store the events, in the order given."""
    last = await session.scalar(_NUMBER, {"account_id": account_id, "count": len(events)})
    first = last - len(events) + 1
    entries = [Entry(n, event.id, event.type, numbered(event.raw, n)) for n, event in enumerate(events, first)]
    await session.execute(
        _APPEND,
        {
            "account_id": account_id,
            "sequences": [entry.sequence for entry in entries],
            "event_ids": [event.id for event in events],
            "causation_ids": [event.causation_id for event in events],
            "types": [event.type for event in events],
            "times": [event.time for event in events],
            "bodies": [entry.body for entry in entries],
        },
    )
    return entries


async def last_sequence(session: AsyncSession, account_id: UUID) -> int:
    """0 before the first event."""
    found = await session.scalar(select(EventCounter.last_sequence).where(EventCounter.account_id == account_id))
    return found or 0


async def read(session: AsyncSession, account_id: UUID, *, after: int, types: TypeFilter, limit: int) -> Slice:
    """The events that follow number `after`. Continue from `examined`: nothing is skipped, nothing comes twice."""
    # The head is read first: an event that commits in between is only read early, never passed over.
    head = min(await last_sequence(session, account_id), after + WINDOW)
    if head <= after:
        return Slice((), after)
    statement = (
        types.narrow(select(LoggedEvent))
        .where(LoggedEvent.account_id == account_id, LoggedEvent.sequence > after, LoggedEvent.sequence <= head)
        .order_by(LoggedEvent.sequence)
        .limit(limit)
    )
    found = [entry_of(row) for row in await session.scalars(statement)]
    return Slice(found, found[-1].sequence if len(found) == limit else head)


async def latest(session: AsyncSession, account_id: UUID, *, types: TypeFilter, limit: int) -> list[Entry]:
    """The newest events of these types among the last `WINDOW`, newest first."""
    head = await last_sequence(session, account_id)
    statement = (
        types.narrow(select(LoggedEvent))
        .where(LoggedEvent.account_id == account_id, LoggedEvent.sequence > head - WINDOW)
        .order_by(LoggedEvent.sequence.desc())
        .limit(limit)
    )
    return [entry_of(row) for row in await session.scalars(statement)]


async def first_number_since(session: AsyncSession, account_id: UUID, since: datetime) -> int | None:
    """The lowest number among the events that were made at `since` or later; between them and after may be older ones
    that arrived late."""
    statement = select(func.min(LoggedEvent.sequence)).where(
        LoggedEvent.account_id == account_id, LoggedEvent.time >= since
    )
    found: int | None = await session.scalar(statement)
    return found


async def find(session: AsyncSession, account_id: UUID, event_id: UUID) -> Entry | None:
    statement = select(LoggedEvent).where(LoggedEvent.account_id == account_id, LoggedEvent.event_id == event_id)
    row = await session.scalar(statement)
    return entry_of(row) if row is not None else None


async def first_since(
    session: AsyncSession, account_id: UUID, event_id: UUID, *, subject: UUID, types: Sequence[str]
) -> Entry | None:
    """The first event of these types about the subject that was made after the one with this id."""
    if not types:
        return None
    statement = (
        select(LoggedEvent)
        .where(LoggedEvent.account_id == account_id, LoggedEvent.event_id > event_id, LoggedEvent.type.in_(types))
        .order_by(LoggedEvent.event_id)
        .limit(WINDOW)
    )
    entries = (entry_of(row) for row in await session.scalars(statement))
    return next((entry for entry in entries if orjson.loads(entry.body)["subject"] == str(subject)), None)


async def causes_of(session: AsyncSession, account_id: UUID, causation_id: UUID) -> list[UUID]:
    """The event that caused it, what caused that, and so on, as far as the log knows."""
    found = await session.scalars(_CAUSES, {"account_id": account_id, "cause": causation_id})
    return list(found)


def entry_of(row: LoggedEvent) -> Entry:
    return Entry(row.sequence, row.event_id, row.type, row.body)
