"""From what a sender sent to what it says: each delivery is read once, in one transaction with all that follows.

A delivery is announced by its event (`SourceDelivered`), so reading has the retries and dead letters of any event. What
was left, because its source was paused, and what is to be read again, is announced again.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, TypeVar, cast
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ColumnElement, select

from services.survey.adapters.base import Adapter, PushComplete, PushHint, Unreadable
from services.survey.fetching import hints, polling
from services.survey.fetching.questions import failed
from services.survey.hearing.service import hear
from services.survey.sources import health
from services.survey.sources.connections import adapter_of, connection_of, received_of
from services.survey.sources.models import Delivery, Source
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.base import Payload
from shared.contracts.sources import SourceDelivered
from shared.work import Work

T = TypeVar("T")
TIMER: Final = "sources.read"
AT_ONCE: Final = 200
LONGEST_PROBLEM: Final = 500


async def begin(work: Work, source: Source) -> None:
    """It is active from now on: what waits is read, and its platform asked if it can be."""
    await work.schedule(TIMER, key=str(source.id), due_at=work.now)
    await polling.begin(work, source)


async def end(work: Work, source: Source) -> None:
    """Nothing of it is read any more, and nobody asks its platform."""
    await work.cancel(TIMER, key=str(source.id))
    await polling.end(work, source)


async def read_new(work: Work, events: Sequence[Event[Payload]]) -> None:
    """What has just been kept; those of paused sources wait."""
    causes: dict[UUID, Event[SourceDelivered]] = {
        event.data.delivery_id: cast("Event[SourceDelivered]", event)
        for event in events
        if isinstance(event.data, SourceDelivered)
    }
    sources = await _active(work, {event.data.source_id for event in causes.values()})
    mine = (Delivery.account_id == work.account_id, Delivery.id.in_(causes), Delivery.state == "received")
    for delivery in await _locked(work, *mine):
        source = sources.get(delivery.source_id)
        if source is not None:
            event = causes[delivery.id]
            work.correlation_id, work.causation_id, work.traceparent = (
                event.correlation_id,
                event.id,
                event.traceparent,
            )
            await read(work, source, delivery)


async def announce_waiting(work: Work, timer: Timer) -> None:
    """What came while it was paused, the oldest first, in portions."""
    source_id, after = UUID(timer.key), timer.payload.get("after")
    if not await _active(work, {source_id}):
        return
    waiting = (Delivery.account_id == work.account_id, Delivery.source_id == source_id, Delivery.state == "received")
    statement = select(Delivery.id).where(*waiting).order_by(Delivery.id).limit(AT_ONCE)
    if after is not None:
        statement = statement.where(Delivery.id > UUID(after))
    found = (await work.session.scalars(statement)).all()
    announce(work, source_id, found)
    if len(found) == AT_ONCE:
        await work.schedule(TIMER, key=timer.key, due_at=work.now, payload={"after": str(found[-1])})


def announce(work: Work, source_id: UUID, delivery_ids: Iterable[UUID]) -> None:
    """Have them read, if they are still waiting when their turn comes."""
    for delivery_id in delivery_ids:
        work.emit(SourceDelivered(source_id=source_id, delivery_id=delivery_id), subject=source_id)


async def read(work: Work, source: Source, delivery: Delivery) -> None:
    """By the present adapter and settings: what it said before is corrected where that makes a difference. What cannot
    be read is put into quarantine."""
    adapter = adapter_of(source)
    delivery.read_at, delivery.problem = work.now, None
    try:
        connection, received = connection_of(source, work.settings), received_of(delivery, work.settings)
        if isinstance(adapter, PushComplete):
            items = _read(adapter, partial(adapter.parse, received, connection))
            delivery.items = len(items)
            await hear(work, source, items, delivery_id=delivery.id, said_at=delivery.received_at)
        if isinstance(adapter, PushHint) and _read(adapter, partial(adapter.hints, received, connection)):
            await hints.look(work, delivery)
            return
    except Unreadable as problem:
        delivery.state, delivery.problem = "quarantined", str(problem)[:LONGEST_PROBLEM]
        return
    except ValidationError:
        delivery.state, delivery.problem = "quarantined", "The source's settings or secrets are not complete."
        return
    delivery.state = "read"
    await health.was_heard(work, source, delivery.received_at)


def _read(adapter: Adapter, reading: Callable[[], Sequence[T]]) -> Sequence[T]:
    try:
        return reading()
    except Unreadable:
        raise
    except Exception as problem:
        raise failed(adapter, problem) from problem


async def _active(work: Work, ids: set[UUID]) -> dict[UUID, Source]:
    """Locked, in the order of their ids, so that two readers wait for each other rather than deadlock."""
    mine = (Source.account_id == work.account_id, Source.id.in_(ids), Source.state == "active")
    statement = select(Source).where(*mine).order_by(Source.id).with_for_update()
    return {source.id: source for source in await work.session.scalars(statement)}


async def _locked(work: Work, *conditions: ColumnElement[bool]) -> Sequence[Delivery]:
    statement = select(Delivery).where(*conditions).order_by(Delivery.received_at, Delivery.id).with_for_update()
    return (await work.session.scalars(statement)).all()
