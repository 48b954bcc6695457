"""What was committed is sent, in order, whatever the transport does meanwhile."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import pytest

from shared.bus.events import decode_event
from shared.bus.link import Link
from shared.bus.relay import EVENTS_AT_ONCE, Relay, relay_once, run_relay
from shared.bus.transport import Outgoing, TransportDown, Unroutable
from shared.contracts.gateway import APIKeyRevoked, UserRemoved
from shared.ids import new_id
from shared.service import Runtime
from shared.work import open_work
from tests.shared.bus.conftest import RuntimeFactory
from tests.shared.bus.probe import TESTER, key_revoked, rows, until


class Recorder:
    """A transport's publishing side, with the failures that a test asks for."""

    def __init__(self) -> None:
        self.sent: list[UUID] = []
        self.is_down = False
        self.nobody_takes: frozenset[str] = frozenset()

    async def publish(self, events: Sequence[Outgoing]) -> None:
        if self.is_down:
            raise TransportDown("test")
        refused = self.nobody_takes & {event.type for event in events}
        self.sent += [decode_event(event.body).id for event in events if event.type not in refused]
        if refused:
            raise Unroutable(refused)

    async def close(self) -> None: ...


async def emit(runtime: Runtime, account: UUID, count: int = 1, *, revoked: bool = False) -> list[UUID]:
    async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
        payloads = [key_revoked() if revoked else UserRemoved(user_id=new_id()) for _ in range(count)]
        return [work.emit(payload, subject=new_id()) for payload in payloads]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def runtime(runtime_of: RuntimeFactory, recorder: Recorder) -> Runtime:
    made = runtime_of(transport=recorder)
    async with made.database.transaction(None) as session:
        await session.execute(made.database.tables.outbox.delete())
    return made


class TestSending:
    async def test_events_leave_in_order_and_the_outbox_is_empty(
        self, runtime: Runtime, recorder: Recorder, account: UUID
    ) -> None:
        emitted = [event for _ in range(3) for event in await emit(runtime, account, 400)]
        assert await relay_once(runtime) == 1200
        assert recorder.sent == emitted
        assert await rows(runtime, runtime.database.tables.outbox, account) == []

    async def test_what_was_rolled_back_is_never_sent(
        self, runtime: Runtime, recorder: Recorder, account: UUID
    ) -> None:
        with suppress(InterruptedError):
            async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
                work.emit(key_revoked(), subject=new_id())
                await work.flush_outbox()
                raise InterruptedError
        assert await relay_once(runtime) == 0

    async def test_while_the_transport_is_down_events_wait(
        self, runtime: Runtime, recorder: Recorder, account: UUID
    ) -> None:
        emitted = await emit(runtime, account, 3)
        recorder.is_down = True
        with pytest.raises(TransportDown):
            await relay_once(runtime)
        recorder.is_down = False
        assert await relay_once(runtime) == 3
        assert recorder.sent == emitted

    async def test_what_nobody_takes_waits_and_holds_up_nobody(
        self, runtime: Runtime, recorder: Recorder, account: UUID
    ) -> None:
        unwanted = await emit(runtime, account, EVENTS_AT_ONCE + 100, revoked=True)
        wanted = await emit(runtime, account, 2)
        recorder.nobody_takes = frozenset({APIKeyRevoked.TYPE})
        assert await relay_once(runtime) == 0  # a whole batch of what nobody takes
        assert recorder.sent == []
        relay, link = Relay("probe", runtime.transport), Link(runtime.database.url)
        assert await relay.step(link) == 0
        assert await relay.step(link) == 2
        assert recorder.sent == wanted
        await link.close()
        recorder.nobody_takes = frozenset()
        assert await relay_once(runtime) == EVENTS_AT_ONCE + 100
        assert recorder.sent == wanted + unwanted


class TestRunning:
    async def test_a_commit_wakes_it(self, runtime: Runtime, recorder: Recorder, account: UUID) -> None:
        link = Link(runtime.database.url)
        relay = asyncio.create_task(run_relay(runtime, link))
        emitted = await emit(runtime, account)
        await until(lambda: recorder.sent == emitted)
        emitted += await emit(runtime, account)
        await until(lambda: recorder.sent == emitted)
        relay.cancel()
        await asyncio.wait({relay})
        await link.close()

    async def test_only_one_of_several_sends_and_another_takes_over(
        self, runtime: Runtime, recorder: Recorder, account: UUID
    ) -> None:
        links = [Link(runtime.database.url) for _ in range(2)]
        relays = [asyncio.create_task(run_relay(runtime, link)) for link in links]
        first = await emit(runtime, account, 50)
        await until(lambda: len(recorder.sent) >= 50)
        assert recorder.sent == first
        # Whoever holds the lock dies: its connection is gone and with it the lock.
        async with runtime.database.engine.connect() as connection:
            found = await connection.exec_driver_sql(
                "select pid from pg_locks where locktype = 'advisory' and database = "
                "(select oid from pg_database where datname = current_database())"
            )
            [holder] = found.scalars().all()
        for link, relay in zip(links, relays, strict=True):
            async with link.turn() as connection_:
                if connection_.get_server_pid() == holder:
                    relay.cancel()
        await asyncio.wait(relays, return_when=asyncio.FIRST_COMPLETED)
        for link, relay in zip(links, relays, strict=True):
            if relay.done():
                await link.close()
        second = await emit(runtime, account, 50)
        await until(lambda: len(recorder.sent) >= 100)
        assert recorder.sent == first + second
        for link, relay in zip(links, relays, strict=True):
            relay.cancel()
            await asyncio.wait({relay})
            await link.close()

    async def test_no_event_is_missed_however_transactions_overlap(
        self, runtime: Runtime, recorder: Recorder, account: UUID
    ) -> None:
        """R-21: positions are given at insert and become visible at commit, so later ones are seen first."""
        link = Link(runtime.database.url)
        relay = asyncio.create_task(run_relay(runtime, link))
        chance = random.Random(7)

        async def write(count: int) -> list[UUID]:
            written = []
            for _ in range(count):
                async with open_work(runtime.database, account, TESTER, clock=runtime.clock) as work:
                    written.append(work.emit(key_revoked(), subject=new_id()))
                    await work.flush_outbox()
                    await asyncio.sleep(chance.uniform(0, 0.02))
            return written

        written = await asyncio.gather(*[write(40) for _ in range(10)])
        await until(lambda: len(recorder.sent) >= 400)
        assert sorted(recorder.sent) == sorted(event for part in written for event in part)
        relay.cancel()
        await asyncio.wait({relay})
        await link.close()
