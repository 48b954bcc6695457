"""Carrying: routing, order, what happens when a consumer fails or vanishes, and what is told when nobody listens."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.bus.transport import Transport, TransportDown, Unroutable
from tests.conformance.conftest import Bus, Sink, numbered
from tests.shared.bus.probe import outgoing, until

OPENED = "heed.tickets.ticket.opened.v1"
CLOSED = "heed.tickets.ticket.closed.v1"
ADDED = "heed.gateway.user.added.v1"


async def subscribed(bus: Bus, queue: str, *patterns: str) -> tuple[Transport, Sink]:
    """A queue with a consumer that keeps what it gets."""
    transport, sink = bus.transport(), Sink()
    await transport.open()
    await transport.subscribe(queue, patterns)
    bus.consume(transport, queue, sink)
    return transport, sink


class TestRouting:
    @pytest.mark.parametrize(
        ("pattern", "taken"),
        [
            (OPENED, {OPENED}),
            ("heed.tickets.ticket.*.v1", {OPENED, CLOSED}),
            ("heed.*.*.opened.v1", {OPENED}),
            ("heed.gateway.#", {ADDED}),
            ("#.v1", {OPENED, CLOSED, ADDED}),
            ("heed.#", {OPENED, CLOSED, ADDED}),
            ("heed.tickets.#.ticket.opened.v1", {OPENED}),
            ("heed.*.v1", set()),
            ("heed.tickets.ticket.opene", set()),
            ("heed-tickets-ticket-opened-v1", set()),
        ],
    )
    async def test_a_pattern_takes_what_it_matches(self, bus: Bus, pattern: str, taken: set[str]) -> None:
        transport, sink = await subscribed(bus, "one", pattern)
        await transport.subscribe("two", ["end"])
        for event_type in (OPENED, CLOSED, ADDED):
            if event_type in taken:
                await transport.publish([outgoing(event_type)])
            else:
                with pytest.raises(Unroutable):
                    await transport.publish([outgoing(event_type)])
        await until(lambda: len(sink.bodies) >= len(taken))
        assert sorted(sink.bodies) == sorted(outgoing(event_type).body for event_type in taken)

    async def test_every_queue_gets_its_own_copy_once_however_many_bindings_match(self, bus: Bus) -> None:
        transport, one = await subscribed(bus, "one", OPENED, "heed.tickets.#", "heed.#")
        _, two = await subscribed(bus, "two", OPENED)
        events = numbered(OPENED, 3)
        await transport.publish(events)
        await until(lambda: len(one.bodies) >= 3 and len(two.bodies) >= 3)
        await transport.publish(last := numbered(OPENED, 1, start=3))
        await until(lambda: len(one.bodies) >= 4 and len(two.bodies) >= 4)
        assert one.bodies == two.bodies == [event.body for event in events + last]

    async def test_two_exchanges_on_one_server_do_not_mix(self, bus: Bus) -> None:
        transport, sink = await subscribed(bus, "one", "heed.#")
        neighbour = Bus(bus.kind, bus.databases)
        other, other_sink = await subscribed(neighbour, "one", "heed.#")
        await other.publish([outgoing(OPENED, b'{"for":"the neighbour"}')])
        await transport.publish([outgoing(OPENED)])
        await until(lambda: bool(sink.bodies and other_sink.bodies))
        assert sink.bodies == [outgoing(OPENED).body]
        await neighbour.close()


class TestUnroutable:
    async def test_it_names_the_types_and_hands_over_the_rest(self, bus: Bus) -> None:
        """R-13: in one message with others, too."""
        transport, sink = await subscribed(bus, "one", OPENED)
        with pytest.raises(Unroutable) as caught:
            await transport.publish([outgoing(CLOSED), outgoing(OPENED), outgoing(ADDED), outgoing(OPENED)])
        assert caught.value.types == {CLOSED, ADDED}
        await until(lambda: sum(b"opened" in body for body in sink.bodies) >= 2)

    async def test_a_binding_made_later_takes_it(self, bus: Bus) -> None:
        transport = bus.transport()
        await transport.subscribe("one", [OPENED])
        with pytest.raises(Unroutable):
            await transport.publish([outgoing(CLOSED)])
        sink = Sink()
        await transport.subscribe("one", [OPENED, CLOSED])
        bus.consume(transport, "one", sink)
        await transport.publish([outgoing(CLOSED)])
        await until(lambda: bool(sink.bodies))


class TestOrder:
    async def test_one_consumer_sees_the_order_of_publishing_byte_for_byte(self, bus: Bus) -> None:
        transport, sink = await subscribed(bus, "one", "heed.#")
        events = [
            event for start in range(0, 1500, 3) for event in numbered((OPENED, CLOSED)[start % 2], 3, start=start)
        ]
        for start in range(0, 1500, 500):
            await transport.publish(events[start : start + 500])
        await until(lambda: len(sink.bodies) >= 1500)
        assert sink.bodies == [event.body for event in events]

    async def test_an_event_of_five_megabytes_travels(self, bus: Bus) -> None:
        transport, sink = await subscribed(bus, "one", OPENED)
        large = outgoing(OPENED, b'{"text":"' + b"x" * 5_000_000 + b'"}')
        small = outgoing(OPENED)
        await transport.publish([small, large, small])
        await until(lambda: len(sink.bodies) >= 3)
        assert [len(body) for body in sink.bodies] == [len(small.body), len(large.body), len(small.body)]


class TestDelivery:
    async def test_what_was_sent_before_the_consumer_came_is_not_lost(self, bus: Bus) -> None:
        transport = bus.transport()
        await transport.subscribe("one", [OPENED])
        await transport.publish(numbered(OPENED, 250))
        await transport.close()
        sink, restarted = Sink(), bus.transport()
        bus.consume(restarted, "one", sink)
        await until(lambda: len(sink.bodies) >= 250)

    async def test_what_was_acknowledged_does_not_come_again(self, bus: Bus) -> None:
        transport, sink = bus.transport(), Sink()
        await transport.subscribe("one", [OPENED])
        consumer = bus.consume(transport, "one", sink)
        await transport.publish(numbered(OPENED, 10))
        await until(lambda: len(sink.bodies) == 10)
        consumer.cancel()
        await asyncio.wait({consumer})
        bus.consume(bus.transport(), "one", sink)
        await transport.publish(numbered(OPENED, 1, start=10))
        await until(lambda: len(sink.bodies) == 11)

    async def test_what_the_consumer_fails_on_is_delivered_again_and_uncounted(self, bus: Bus) -> None:
        transport, got = bus.transport(most_deliveries=2), Sink()
        failures = 0

        async def fail_first(bodies: Sequence[bytes]) -> None:
            nonlocal failures
            if failures < 5:
                failures += 1
                raise ConnectionError("the database is away")
            await got(bodies)

        await transport.subscribe("one", [OPENED])
        bus.consume(transport, "one", fail_first)
        await transport.publish(numbered(OPENED, 3))
        await until(lambda: len(got.bodies) == 3)
        assert await transport.dead("one") == []

    async def test_competing_consumers_share_the_work(self, bus: Bus) -> None:
        transport, sink = await subscribed(bus, "one", OPENED)
        bus.consume(bus.transport(), "one", sink)
        events = numbered(OPENED, 500)
        for start in range(0, 500, 50):
            await transport.publish(events[start : start + 50])
        await until(lambda: len(sink.bodies) >= 500)
        assert sorted(sink.bodies) == sorted(event.body for event in events)

    async def test_a_slow_consumer_does_not_delay_the_others(self, bus: Bus) -> None:
        stuck, released = bus.transport(), asyncio.Event()

        async def wait(bodies: Sequence[bytes]) -> None:
            await released.wait()

        await stuck.subscribe("one", ["heed.#"])
        bus.consume(stuck, "one", wait)
        transport, sink = await subscribed(bus, "two", "heed.#")
        for _ in range(20):
            await transport.publish(numbered(OPENED, 100))
        await until(lambda: len(sink.bodies) >= 2000)
        released.set()

    async def test_slow_work_is_not_taken_for_a_crash(self, bus: Bus) -> None:
        """Longer than the lease, with another consumer waiting for just that."""
        transport, calls, released = bus.transport(), 0, asyncio.Event()

        async def work_slowly(bodies: Sequence[bytes]) -> None:
            nonlocal calls
            calls += 1
            await released.wait()

        await transport.subscribe("one", [OPENED])
        bus.consume(transport, "one", work_slowly)
        await transport.publish([outgoing(OPENED)])
        await until(lambda: calls == 1)
        bus.consume(bus.transport(), "one", work_slowly)
        asyncio.get_running_loop().call_later(1.5, released.set)
        await released.wait()
        assert calls == 1


class TestVanishedConsumers:
    async def test_what_they_had_comes_again(self, bus: Bus) -> None:
        await self.vanish(bus, times=1)
        sink = Sink()
        bus.consume(bus.transport(), "one", sink)
        await until(lambda: len(sink.bodies) == 3)

    async def test_too_many_make_a_dead_letter_which_can_be_sent_again(self, bus: Bus) -> None:
        await self.vanish(bus, times=3, most_deliveries=2)
        transport, sink = bus.transport(most_deliveries=2), Sink()
        consumer = bus.consume(transport, "one", sink)

        async def is_dead() -> bool:
            return bool(await transport.dead("one"))

        await until(is_dead)
        [dead] = await transport.dead("one")
        assert dead.bodies == [event.body for event in numbered(OPENED, 3)]
        assert dead.reason in ("its consumer vanished 3 times", "delivery_limit")
        assert sink.bodies == []
        assert await transport.redrive("one") == 1
        await until(lambda: len(sink.bodies) == 3)
        assert await transport.dead("one") == []
        assert await transport.redrive("one") == 0
        consumer.cancel()

    async def vanish(self, bus: Bus, *, times: int, most_deliveries: int = 100) -> None:
        """Take three events `times` times and lose the connection before they are done."""
        sender = bus.transport(most_deliveries=most_deliveries)
        await sender.subscribe("one", [OPENED])
        await sender.publish(numbered(OPENED, 3))
        for _ in range(times):
            proxy = await bus.through_a_proxy()
            victim, taken = bus.transport(most_deliveries=most_deliveries), asyncio.Event()

            async def hang(bodies: Sequence[bytes], taken: asyncio.Event = taken) -> None:
                taken.set()
                await asyncio.Event().wait()

            consumer = asyncio.create_task(victim.consume("one", hang))
            await asyncio.wait_for(taken.wait(), 10)
            await proxy.down()
            bus.proxy = None
            # As a killed process would: nothing is finished, nothing is given back.
            for task in asyncio.all_tasks():
                if "_hand_over" in repr(task.get_coro()) or "_received" in repr(task.get_coro()):
                    task.cancel()
            consumer.cancel()
            await asyncio.wait({consumer})


class TestOutage:
    async def test_publishing_says_so_and_works_again_afterwards(self, bus: Bus) -> None:
        proxy = await bus.through_a_proxy()
        transport = bus.transport()
        await transport.subscribe("one", [OPENED])
        assert transport.problem() is None
        await proxy.down()
        with pytest.raises(TransportDown):
            await transport.publish([outgoing(OPENED)])
        assert transport.problem() is not None
        await proxy.up()
        await transport.publish([outgoing(OPENED)])
        assert transport.problem() is None

    async def test_a_consumer_goes_on_where_it_was(self, bus: Bus) -> None:
        sender = bus.transport()
        await sender.subscribe("one", [OPENED])
        proxy = await bus.through_a_proxy()
        sink = Sink()
        bus.consume(bus.transport(), "one", sink)
        for start in range(0, 40, 10):
            await sender.publish(numbered(OPENED, 10, start=start))
            await until(lambda expected=start + 10: len(set(sink.bodies)) >= expected)
            await proxy.down()
            await proxy.up()
