"""The whole way, from an outbox to an effect, over each transport: exactly once, whatever happens in between."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.bus.consumer import subscribe
from shared.bus.dead_letters import list_dead, redrive
from shared.bus.events import Event
from shared.bus.inbox import LAST_ATTEMPT
from shared.bus.subscriptions import Subscription, on, on_batch
from shared.bus.transport import Outgoing
from shared.bus.worker import run_worker
from shared.contracts.base import Payload
from shared.contracts.gateway import APIKeyRevoked, UserRemoved
from shared.ids import new_id
from shared.service import Runtime
from shared.testing.clock import FrozenClock
from shared.testing.databases import Databases
from shared.work import Work, open_work
from tests.conformance.conftest import Bus
from tests.shared.bus.probe import TESTER, effects, note, open_probe, probe, raw_event, rows, until

Start = Callable[[Sequence[Subscription]], Awaitable[Runtime]]


@pytest.fixture
async def start(bus: Bus, databases: Databases) -> AsyncIterator[Start]:
    """Starts the probe's worker on the bus."""
    running: list[tuple[Runtime, asyncio.Task[None]]] = []

    async def make(subscriptions: Sequence[Subscription]) -> Runtime:
        runtime = open_probe(databases, probe(subscriptions), transport=bus.transport(), clock=FrozenClock())
        async with runtime.database.transaction(None) as session:
            await session.execute(runtime.database.tables.outbox.delete())
        await subscribe(runtime)
        running.append((runtime, asyncio.create_task(run_worker(runtime))))
        return runtime

    yield make
    for runtime, worker in running:
        worker.cancel()
        await asyncio.wait({worker})
        await runtime.database.close()


async def emit(runtime: Runtime, account: UUID, *payloads: Payload) -> list[UUID]:
    async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
        return [work.emit(payload, subject=new_id()) for payload in payloads]


async def state(runtime: Runtime, account: UUID) -> list[tuple[str, int]]:
    found = await rows(runtime, runtime.database.tables.inbox, account)
    return sorted((row.state, row.attempts) for row in found)


async def removed(work: Work, event: Event[UserRemoved]) -> None:
    await note(work, event.id, str(event.id))


class TestExactlyOnce:
    async def test_each_event_has_its_effect_once_though_it_comes_three_times_in_any_order(
        self, bus: Bus, start: Start, account: UUID
    ) -> None:
        runtime = await start([on(UserRemoved, removed)])
        ids = [new_id() for _ in range(150)]
        thrice = [Outgoing(UserRemoved.TYPE, raw_event(account=account, event_id=event_id)) for event_id in ids * 3]
        random.Random(5).shuffle(thrice)
        sender = bus.transport()
        for begin in range(0, len(thrice), 50):
            await sender.publish(thrice[begin : begin + 50])

        async def is_quiet() -> bool:
            return len(await state(runtime, account)) == 150 and await sender.depth("probe") == 0

        await until(is_quiet)
        assert sorted(await effects(runtime, account)) == sorted(map(str, ids))

    async def test_nothing_is_lost_or_doubled_while_connections_break(
        self, bus: Bus, start: Start, account: UUID
    ) -> None:
        proxy = await bus.through_a_proxy()
        runtime = await start([on(UserRemoved, removed)])
        emitted: list[UUID] = []
        for _ in range(6):
            for _ in range(5):
                emitted += await emit(runtime, account, *[UserRemoved(user_id=new_id()) for _ in range(10)])
            await proxy.down()
            emitted += await emit(runtime, account, UserRemoved(user_id=new_id()))
            await proxy.up()

        async def is_done() -> bool:
            return len(await effects(runtime, account)) >= len(emitted)

        await until(is_done, seconds=40)
        assert sorted(await effects(runtime, account)) == sorted(map(str, emitted))


class TestPoison:
    async def test_it_becomes_a_dead_letter_with_its_reason_and_is_sent_again_when_mended(
        self, bus: Bus, start: Start, account: UUID
    ) -> None:
        """R-15 and R-17."""
        is_broken = True

        async def count(work: Work, events: Sequence[Event[Payload]]) -> None:
            for event in events:
                if is_broken and isinstance(event.data, APIKeyRevoked):
                    raise RuntimeError("cannot count this")
                await note(work, event.id, event.type)

        runtime = await start([on_batch([UserRemoved, APIKeyRevoked], count)])
        healthy = [UserRemoved(user_id=new_id()) for _ in range(100)]
        [poison] = await emit(runtime, account, APIKeyRevoked(api_key_id=new_id()))
        await emit(runtime, account, *healthy)

        async def healthy_done() -> bool:
            return await effects(runtime, account) == [UserRemoved.TYPE] * 100

        await until(healthy_done)
        clock: Any = runtime.clock
        for attempt in range(1, LAST_ATTEMPT):
            await self.reach(runtime, account, ("retry", attempt))
            clock.advance(timedelta(minutes=20))
        await self.reach(runtime, account, ("dead", LAST_ATTEMPT))
        [letter] = [found for found in await list_dead(runtime) if found.account_id == account]
        assert (letter.place, letter.id, letter.attempts) == ("inbox", str(poison), 5)
        assert letter.event_type == APIKeyRevoked.TYPE
        assert letter.reason == "RuntimeError: cannot count this"

        is_broken = False
        assert await redrive(runtime, what=letter.what) >= 1
        assert await redrive(runtime, what=letter.what) == 0
        await self.reach(runtime, account, ("done", 1))
        assert (await effects(runtime, account)).count(APIKeyRevoked.TYPE) == 1

    async def test_what_cannot_be_read_does_not_stop_the_queue(self, bus: Bus, start: Start, account: UUID) -> None:
        runtime = await start([on(UserRemoved, removed)])
        broken = orjson.dumps(orjson.loads(raw_event(account=account)) | {"data": None})
        [healthy] = ids = [new_id()]
        sender = bus.transport()
        await sender.publish(
            [
                Outgoing(UserRemoved.TYPE, b'{"type": "heed.gateway.user.removed.v1", "cut off'),
                Outgoing(UserRemoved.TYPE, broken),
                Outgoing(UserRemoved.TYPE, raw_event(account=account, event_id=healthy)),
            ]
        )

        async def done() -> bool:
            return await effects(runtime, account) == [str(event_id) for event_id in ids]

        await until(done)
        reasons = {letter.reason for letter in await list_dead(runtime) if letter.what == "unreadable"}
        assert any(reason.startswith("not JSON") for reason in reasons)
        assert "heed.gateway.user.removed.v1 breaks its schema" in " ".join(reasons)

    async def reach(self, runtime: Runtime, account: UUID, wanted: tuple[str, int]) -> None:
        async def reached() -> bool:
            return wanted in await state(runtime, account)

        await until(reached)


class TestUnroutable:
    async def test_it_waits_in_the_outbox_until_somebody_takes_it(self, bus: Bus, start: Start, account: UUID) -> None:
        runtime = await start([on(UserRemoved, removed)])
        emitted = await emit(runtime, account, APIKeyRevoked(api_key_id=new_id()), UserRemoved(user_id=new_id()))

        async def other_done() -> bool:
            return await effects(runtime, account) == [str(emitted[1])]

        await until(other_done)
        waiting = await rows(runtime, runtime.database.tables.outbox, account)
        assert [row.event_id for row in waiting] == emitted[:1]
        await bus.transport().subscribe("probe", [APIKeyRevoked.TYPE, UserRemoved.TYPE])

        async def gone() -> bool:
            return not await rows(runtime, runtime.database.tables.outbox, account)

        await until(gone)
