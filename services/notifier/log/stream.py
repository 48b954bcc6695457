"""The log as server-sent events. An idle stream holds no database connection: it looks, lets go, and sleeps."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from fastapi.sse import ServerSentEvent

from services.notifier.log import repository as log
from services.notifier.log.repository import Slice, TypeFilter
from shared.http.errors import TooMany
from shared.service import Runtime

POLL_SECONDS = 0.3
HEARTBEAT_SECONDS = 10.0
RECONNECT_MILLISECONDS = 2_000
AT_ONCE = 200
LIFETIME = timedelta(minutes=30)
_OPEN = "log.open_streams"


class TooManyStreams(TooMany):
    """This account already has as many event streams open as it may. Close one, or poll `/v1/events`."""

    code = "too_many_streams"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One listener: `after` is the number it has already."""

    account_id: UUID
    after: int
    types: TypeFilter


def admit(runtime: Runtime, subscription: Subscription) -> None:
    """Raises `TooManyStreams` before the answer has begun, while a status can still be sent."""
    if _open_streams(runtime)[subscription.account_id] >= runtime.settings.stream_connections:
        raise TooManyStreams(retry_after=10)


async def follow(runtime: Runtime, subscription: Subscription) -> AsyncIterator[ServerSentEvent]:
    """Everything after the subscription's start, in order, as it comes."""
    streams = _open_streams(runtime)
    streams[subscription.account_id] += 1
    try:
        async for event in _events(runtime, subscription):
            yield event
    finally:
        streams[subscription.account_id] -= 1
        if not streams[subscription.account_id]:
            del streams[subscription.account_id]


async def _events(runtime: Runtime, subscription: Subscription) -> AsyncIterator[ServerSentEvent]:
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LIFETIME.total_seconds()
    position = subscription.after
    yield ServerSentEvent(comment="listening", retry=RECONNECT_MILLISECONDS, id=str(position))
    spoke_at = loop.time()
    while loop.time() < ends_at:
        found = await _look(runtime, subscription, position)
        for entry in found.entries:
            yield ServerSentEvent(raw_data=entry.body.decode(), id=str(entry.sequence))
            spoke_at = loop.time()
        if found.examined > position:
            position = found.examined
            continue
        if loop.time() - spoke_at >= HEARTBEAT_SECONDS:
            # The id moves on past events that were filtered out, so a reconnection does not search them again.
            yield ServerSentEvent(comment="still here", id=str(position))
            spoke_at = loop.time()
        await asyncio.sleep(POLL_SECONDS)


async def _look(runtime: Runtime, subscription: Subscription, position: int) -> Slice:
    async with runtime.database.transaction(subscription.account_id) as session:
        return await log.read(session, subscription.account_id, after=position, types=subscription.types, limit=AT_ONCE)


def _open_streams(runtime: Runtime) -> Counter[UUID]:
    streams: Counter[UUID] = runtime.state.setdefault(_OPEN, Counter())
    return streams
