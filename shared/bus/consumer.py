"""From messages to effects: each handler sees each event, and its effect happens once.

The fast way is one transaction per account for all that waits. If anything in it fails it is rolled back, and every
handler gets every event alone, so that one bad event holds up nobody.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import NAMESPACE_OID, UUID

import structlog
from opentelemetry.trace import SpanKind
from sqlalchemy.ext.asyncio import AsyncSession

from shared.bus import inbox
from shared.bus.events import Actor, Event, MalformedEvent, decode_event, read_envelope, read_event
from shared.bus.inbox import Waiting
from shared.bus.link import is_database_down
from shared.bus.loops import summary
from shared.bus.subscriptions import EVERYTHING, NotYet, Subscription
from shared.contracts.base import ActorKind, Payload
from shared.ids import new_id
from shared.observability.metrics import HANDLED, HANDLER_FAILURES
from shared.observability.tracing import span
from shared.service import Runtime
from shared.work import Work

log = structlog.get_logger(__name__)

UNREADABLE = "unreadable"

Job = tuple[Subscription, Sequence[Event[Payload]]]


def patterns(runtime: Runtime) -> list[str]:
    """What the service's queue must take, for all its handlers."""
    wanted = {pattern for subscription in runtime.service.subscriptions for pattern in subscription.patterns}
    return [EVERYTHING] if EVERYTHING in wanted else sorted(wanted)


async def subscribe(runtime: Runtime) -> None:
    """Declare the service's queue. Done for all services before the first event is sent, none of it is missed."""
    if runtime.service.subscriptions:
        await runtime.transport.subscribe(runtime.service.name, patterns(runtime))


async def deliver(runtime: Runtime, bodies: Sequence[bytes]) -> None:
    """Handle a batch of events. When it returns, every event is done, noted for a retry, or a dead letter.

    Raises only when the database is out of reach; then the batch must be delivered again.
    """
    is_wanted: dict[str, bool] = {}
    by_account: defaultdict[UUID, dict[UUID, Event[Payload]]] = defaultdict(dict)
    for body in bodies:
        try:
            envelope = read_envelope(body)
            event_type = envelope["type"]
            if event_type not in is_wanted:
                is_wanted[event_type] = any(s.takes(event_type) for s in runtime.service.subscriptions)
            if is_wanted[event_type]:
                event = read_event(envelope, body)
                by_account[event.account_id][event.id] = event
        except MalformedEvent as problem:
            await _bury(runtime, body, str(problem))
    for account_id, events in by_account.items():
        await _deliver_to_account(runtime, account_id, list(events.values()))


async def retry_once(runtime: Runtime) -> int:
    """Try again what is due by the runtime's clock. Returns how many attempts were made."""
    database, table = runtime.database, runtime.database.tables.inbox
    async with database.transaction(None) as session:
        waiting = await inbox.due(session, table, runtime.clock.now())
    for item in waiting:
        await _retry(runtime, item)
    return len(waiting)


async def _deliver_to_account(runtime: Runtime, account_id: UUID, events: Sequence[Event[Payload]]) -> None:
    jobs: list[Job] = []
    types = {event.type for event in events}
    for subscription in runtime.service.subscriptions:
        its_types = {event_type for event_type in types if subscription.takes(event_type)}
        if taken := [event for event in events if event.type in its_types]:
            jobs.append((subscription, taken))
    try:
        await _handle(runtime, account_id, jobs)
    except Exception as problem:
        if is_database_down(problem):
            raise
        for subscription, failed in jobs:
            for event in failed:
                await _deliver_alone(runtime, subscription, event)


async def _handle(runtime: Runtime, account_id: UUID, jobs: Sequence[Job]) -> None:
    """All jobs in one transaction, each with its inbox rows."""
    async with runtime.database.transaction(account_id) as session:
        works: list[Work] = []
        for subscription, taken in jobs:
            ids = [event.id for event in taken]
            table, now = runtime.database.tables.inbox, runtime.clock.now()
            fresh = await inbox.remember(session, table, subscription.name, account_id, ids, now)
            due = taken if fresh is None else [event for event in taken if event.id in fresh]
            works += await _call(runtime, session, subscription, due)
        for work in works:
            await work.flush_outbox()


async def _call(
    runtime: Runtime, session: AsyncSession, subscription: Subscription, events: Sequence[Event[Payload]]
) -> list[Work]:
    works = []
    for together in _portions(subscription, events):
        with HANDLED.labels(runtime.service.name, subscription.name).time():
            with span(subscription.name, SpanKind.CONSUMER, together[0].traceparent) as traceparent:
                work = _work(runtime, session, together, traceparent)
                await subscription.handle(work, together)
        works.append(work)
    return works


def _portions(subscription: Subscription, events: Sequence[Event[Payload]]) -> Sequence[Sequence[Event[Payload]]]:
    if subscription.batched:
        return [events] if events else []
    return [[event] for event in events]


def _work(runtime: Runtime, session: AsyncSession, events: Sequence[Event[Payload]], traceparent: str | None) -> Work:
    """What a handler works with. The cause is the event; several events together are nobody's consequence."""
    only = events[0] if len(events) == 1 else None
    return Work(
        session=session,
        account_id=events[0].account_id,
        actor=Actor(ActorKind.SYSTEM, runtime.service.name),
        clock=runtime.clock,
        tables=runtime.database.tables,
        correlation_id=only.correlation_id if only else new_id(),
        causation_id=only.id if only else None,
        traceparent=traceparent if only else None,
        settings=runtime.settings,
    )


async def _deliver_alone(runtime: Runtime, subscription: Subscription, event: Event[Payload]) -> None:
    try:
        await _handle(runtime, event.account_id, [(subscription, [event])])
    except Exception as problem:
        if is_database_down(problem):
            raise
        _report(runtime, problem, subscription.name, event.id, attempts=1)
        async with runtime.database.transaction(None) as session:
            await inbox.note_failure(
                session,
                runtime.database.tables.inbox,
                handler=subscription.name,
                event_id=event.id,
                account_id=event.account_id,
                body=event.raw,
                reason=reason_of(problem),
                now=runtime.clock.now(),
            )


async def _retry(runtime: Runtime, item: Waiting) -> None:
    table = runtime.database.tables.inbox
    try:
        subscription = _subscriptions(runtime).get(item.handler)
        if subscription is None:
            raise LookupError(f"no handler is called {item.handler}")
        event = decode_event(item.body)
        async with runtime.database.transaction(item.account_id) as session:
            if await inbox.take(session, table, item):
                for work in await _call(runtime, session, subscription, [event]):
                    await work.flush_outbox()
    except Exception as problem:
        if is_database_down(problem):
            raise
        _report(runtime, problem, item.handler, item.event_id, attempts=item.attempts + 1)
        async with runtime.database.transaction(None) as session:
            now, reason = runtime.clock.now(), reason_of(problem)
            if await inbox.note_further_failure(session, table, item, reason=reason, now=now):
                log.error("dead letter", handler=item.handler, event_id=str(item.event_id), reason=summary(problem))


async def _bury(runtime: Runtime, body: bytes, reason: str) -> None:
    event_id = id_of_unreadable(body)
    log.error("dead letter", handler=UNREADABLE, event_id=str(event_id), reason=reason)
    async with runtime.database.transaction(None) as session:
        table, now = runtime.database.tables.inbox, runtime.clock.now()
        await inbox.note_unreadable(
            session, table, handler=UNREADABLE, event_id=event_id, body=body, reason=reason, now=now
        )


def id_of_unreadable(body: bytes) -> UUID:
    """The same bytes get the same id (UUID version 5 of the bytes), so that a second delivery changes nothing."""
    return UUID(bytes=hashlib.sha1(NAMESPACE_OID.bytes + body, usedforsecurity=False).digest()[:16], version=5)


def reason_of(problem: BaseException) -> str:
    """For the list of dead letters, which stays inside the service's own database."""
    return f"{type(problem).__name__}: {problem}"


def _subscriptions(runtime: Runtime) -> Mapping[str, Subscription]:
    return {subscription.name: subscription for subscription in runtime.service.subscriptions}


def _report(runtime: Runtime, problem: BaseException, handler: str, event_id: UUID, *, attempts: int) -> None:
    HANDLER_FAILURES.labels(runtime.service.name, handler).inc()
    report = log.debug if isinstance(problem, NotYet) else log.warning
    report(
        "event will be tried again", handler=handler, event_id=str(event_id), attempts=attempts, error=summary(problem)
    )
