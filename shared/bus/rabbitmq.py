"""Events over RabbitMQ: a topic exchange, a quorum queue per consuming service, and one queue for dead messages.

A message carries a batch of events; see docs/decisions/0004-batches-in-one-message.md. Connections are opened again
by us and not by the client ("robust"), so that nothing is restored behind our back. One publishes and one consumes,
because a broker short of memory or disk blocks a connection that publishes as a whole.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, PublishError

from shared.bus.batches import CONTENT_TYPE, in_batches, pack, unpack
from shared.bus.loops import Backoff, unbroken
from shared.bus.transport import MOST_DELIVERIES, DeadMessage, Outgoing, Receive, TransportDown, Unroutable

log = structlog.get_logger(__name__)

FAILURES = (*CONNECTION_EXCEPTIONS, TimeoutError)

CONNECT_SECONDS = 5.0
HEARTBEAT_SECONDS = 10
# A broker with an alarm never answers a publisher; only our own patience ends the wait.
CONFIRM_SECONDS = 5.0
# Messages on their way to one consumer: what a crash delivers again.
PREFETCH = 50
BYTES_AT_ONCE = 500_000
# A consumer that hears nothing asks whether it still is one.
LIVENESS_SECONDS = 5.0
# For so long a type that found a queue needs no new proof, when it travels in a message with others.
PROOF_SECONDS = 1.0


class RabbitMQTransport:
    """One service's end of the bus."""

    def __init__(self, url: str, *, prefix: str, most_deliveries: int = MOST_DELIVERIES) -> None:
        self._url = url
        self._prefix = prefix
        self._most_deliveries = most_deliveries
        self._bindings: dict[str, Sequence[str]] = {}
        self._publisher = _Publisher(self)

    async def open(self) -> None:
        """Nothing to do: each side connects when it is used, and again when it was lost."""

    async def close(self) -> None:
        await self._publisher.close()

    async def subscribe(self, queue: str, patterns: Sequence[str]) -> None:
        self._bindings[queue] = list(patterns)
        with _down():
            async with self._publisher.channel() as channel:
                await self._declare(channel, queue)

    async def publish(self, events: Sequence[Outgoing]) -> None:
        with _down():
            unroutable = await self._publisher.send([_Envelope(batch) for batch in in_batches(events)])
        if unroutable:
            raise Unroutable(frozenset(unroutable))

    async def consume(self, queue: str, receive: Receive) -> None:
        backoff = Backoff(f"consumer of {self._queue(queue)}")
        while True:
            try:
                connection = await self.connect()
                try:
                    await _Consumer(connection, backoff).run(await self._consuming(connection, queue), receive)
                finally:
                    await _closed(connection)
            except (*FAILURES, TransportDown) as problem:
                await backoff.after(problem)

    async def depth(self, queue: str) -> int:
        with _down():
            async with self._publisher.channel() as channel:
                found = await channel.declare_queue(self._queue(queue), passive=True)
                return found.declaration_result.message_count or 0

    async def dead(self, queue: str, *, limit: int = 100) -> list[DeadMessage]:
        with _down():
            async with self._publisher.channel() as channel:
                # Leaving the channel puts back what was only looked at.
                found: list[DeadMessage] = []
                async for message in self._dead_letters(channel, queue):
                    found.append(DeadMessage(message.message_id or "", _reason(message), unpack(message.body)))
                    if len(found) == limit:
                        break
        return found

    async def redrive(self, queue: str) -> int:
        count = 0
        with _down():
            async with self._publisher.channel() as channel:
                async for message in self._dead_letters(channel, queue):
                    again = aio_pika.Message(message.body, **_PROPERTIES)
                    await channel.default_exchange.publish(again, self._queue(queue), timeout=CONFIRM_SECONDS)
                    await message.ack()
                    count += 1
        return count

    def problem(self) -> str | None:
        return self._publisher.problem

    async def connect(self) -> AbstractConnection:
        return await aio_pika.connect(self._url, timeout=CONNECT_SECONDS, heartbeat=HEARTBEAT_SECONDS)

    async def exchange(self, channel: AbstractChannel) -> AbstractExchange:
        return await channel.declare_exchange(f"{self._prefix}.events", aio_pika.ExchangeType.TOPIC, durable=True)

    async def _consuming(self, connection: AbstractConnection, queue: str) -> AbstractQueue:
        channel = await connection.channel(publisher_confirms=False)
        await channel.set_qos(prefetch_count=PREFETCH)
        return await self._declare(channel, queue)

    async def _declare(self, channel: AbstractChannel, queue: str) -> AbstractQueue:
        exchange = await self.exchange(channel)
        await self._declare_dead(channel)
        declared = await channel.declare_queue(
            self._queue(queue),
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                "x-delivery-limit": self._most_deliveries,
                "x-dead-letter-exchange": self._dead,
                # Dead letters too are handed over with a confirmation; it demands the overflow mode beside it.
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        for pattern in self._bindings.get(queue, ()):
            await declared.bind(exchange, pattern)
        return declared

    async def _declare_dead(self, channel: AbstractChannel) -> AbstractQueue:
        exchange = await channel.declare_exchange(self._dead, aio_pika.ExchangeType.FANOUT, durable=True)
        # Looking at a dead message counts as a delivery; the limit must never make it disappear.
        arguments: dict[str, Any] = {"x-queue-type": "quorum", "x-delivery-limit": 1_000_000}
        queue = await channel.declare_queue(self._dead, durable=True, arguments=arguments)
        await queue.bind(exchange)
        return queue

    async def _dead_letters(self, channel: AbstractChannel, queue: str) -> AsyncIterator[AbstractIncomingMessage]:
        """The dead messages of one queue; those of others stay unacknowledged until the channel closes."""
        dead = await self._declare_dead(channel)
        for _ in range(dead.declaration_result.message_count or 0):
            message = await dead.get(fail=False)
            if message is None:
                return
            if message.headers.get("x-first-death-queue") == self._queue(queue):
                yield message

    @property
    def _dead(self) -> str:
        return f"{self._prefix}.dead"

    def _queue(self, service: str) -> str:
        return f"{self._prefix}.{service}"


class _Envelope:
    """A batch on its way: one message, and the types it carries, in the order of their first events."""

    def __init__(self, events: Sequence[Outgoing]) -> None:
        self.types = list(dict.fromkeys(event.type for event in events))
        self.body = pack([event.body for event in events])

    @property
    def message(self) -> aio_pika.Message:
        # The broker routes by all keys at once and puts the message into each queue once.
        further: dict[str, Any] = {"CC": self.types[1:]} if len(self.types) > 1 else {}
        return aio_pika.Message(self.body, headers=further, **_PROPERTIES)


_PROPERTIES: dict[str, Any] = {"content_type": CONTENT_TYPE, "delivery_mode": aio_pika.DeliveryMode.PERSISTENT}
# Carries nothing, and is returned if nobody takes its type: the proof that a message of several types cannot give.
_PROOF = aio_pika.Message(pack([]), **_PROPERTIES)


class _Publisher:
    """The publishing connection, opened when needed and thrown away after any doubt."""

    def __init__(self, transport: RabbitMQTransport) -> None:
        # Until it is first used, nothing is known to be wrong: a web half never uses it, its events wait in the outbox.
        self._unreachable: str | None = None
        self._unconfirmed: str | None = None
        self._transport = transport
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._exchange: AbstractExchange | None = None
        self._proved: dict[str, float] = {}
        self._turn = asyncio.Lock()

    async def send(self, envelopes: Sequence[_Envelope]) -> set[str]:
        """Publish in order; all are confirmed on return. Returns the types that no queue takes."""
        async with self._turn:
            try:
                exchange = await self._ready()
                unproved = self._unproved(envelopes)
                sending = [(envelope.types, envelope.message) for envelope in envelopes]
                sending += [([event_type], _PROOF) for event_type in unproved]
                outcomes = await asyncio.gather(
                    *(exchange.publish(message, types[0], timeout=CONFIRM_SECONDS) for types, message in sending),
                    return_exceptions=True,
                )
                refused = _refused([types for types, _ in sending], outcomes)
            except FAILURES as problem:
                self._unconfirmed = f"broker does not confirm events: {type(problem).__name__}"
                await self._drop()
                raise
        self._unconfirmed = None
        now = time.monotonic()
        self._proved |= {event_type: now for event_type in unproved if event_type not in refused}
        return refused

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel for a few declarations or questions; its failure leaves the others alone."""
        async with self._turn:
            try:
                await self._ready()
                assert self._connection is not None
                channel = await self._connection.channel(on_return_raises=True)
            except FAILURES as problem:
                self._unreachable = f"broker out of reach: {type(problem).__name__}"
                await self._drop()
                raise
        try:
            yield channel
        finally:
            await _closed(channel)

    @property
    def problem(self) -> str | None:
        """A broker with an alarm can be reached, and yet takes nothing: only a confirmed event ends that problem."""
        return self._unreachable or self._unconfirmed

    async def close(self) -> None:
        async with self._turn:
            await self._drop()

    async def _ready(self) -> AbstractExchange:
        if self._exchange is None or self._channel is None or self._channel.is_closed:
            await self._drop()
            self._connection = await self._transport.connect()
            # Without this a message that no queue takes is confirmed like any other, and gone.
            self._channel = await self._connection.channel(publisher_confirms=True, on_return_raises=True)
            self._exchange = await self._transport.exchange(self._channel)
            self._unreachable = None
        return self._exchange

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._channel = self._exchange = None
        self._proved.clear()
        if connection is not None:
            await _closed(connection)

    def _unproved(self, envelopes: Sequence[_Envelope]) -> list[str]:
        """Types that travel with others and have not lately been seen to find a queue."""
        mixed = {event_type for envelope in envelopes if len(envelope.types) > 1 for event_type in envelope.types}
        since = time.monotonic() - PROOF_SECONDS
        return [event_type for event_type in mixed if self._proved.get(event_type, 0.0) < since]


class _Consumer:
    """One consumer on one connection, until either is lost."""

    def __init__(self, connection: AbstractConnection, backoff: Backoff) -> None:
        self._connection = connection
        self._backoff = backoff
        self._arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        self._is_lost = False

    async def run(self, queue: AbstractQueue, receive: Receive) -> None:
        queue.channel.close_callbacks.add(self._lost)
        (await queue.channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(self._lost)
        await queue.consume(self._arrived.put)
        self._backoff.reset()
        while True:
            messages = await self._next()
            if messages:
                await self._hand_over(messages, receive)
            elif self._is_lost or not await self._is_attached(queue):
                raise TransportDown("the broker ended the subscription")

    async def _next(self) -> list[AbstractIncomingMessage]:
        """What is there, up to a good batch; empty when nothing comes, or when something was lost."""
        try:
            async with asyncio.timeout(LIVENESS_SECONDS):
                message = await self._arrived.get()
        except TimeoutError:
            return []
        messages: list[AbstractIncomingMessage] = []
        size = 0
        while message is not None:
            messages.append(message)
            size += len(message.body)
            if self._arrived.empty() or size >= BYTES_AT_ONCE:
                return messages
            message = self._arrived.get_nowait()
        return []  # the channel is gone, and with it the right to acknowledge what came before

    async def _hand_over(self, messages: Sequence[AbstractIncomingMessage], receive: Receive) -> None:
        """What fails stays ours and is tried again here: to give it back would count against healthy messages."""
        bodies = [body for message in messages for body in unpack(message.body)]
        backoff = Backoff("delivery")
        while problem := await unbroken(self._received(bodies, receive, messages[-1])):
            await backoff.after(problem)
            if self._is_lost:
                raise TransportDown("the broker went away, and will deliver again")
        backoff.reset()

    async def _received(
        self, bodies: Sequence[bytes], receive: Receive, last: AbstractIncomingMessage
    ) -> Exception | None:
        """What `receive` failed with, if it did."""
        try:
            if bodies:
                await receive(bodies)
        except Exception as problem:
            return problem
        await last.ack(multiple=True)
        return None

    async def _is_attached(self, queue: AbstractQueue) -> bool:
        async with asyncio.timeout(LIVENESS_SECONDS):
            found = await queue.channel.declare_queue(queue.name, passive=True)
        return bool(found.declaration_result.consumer_count)

    def _lost(self, *_: object) -> None:
        self._is_lost = True
        self._arrived.put_nowait(None)


def _refused(sent: Sequence[Sequence[str]], outcomes: Sequence[object]) -> set[str]:
    """The types of messages that were returned. Raises what else went wrong."""
    refused: set[str] = set()
    for types, outcome in zip(sent, outcomes, strict=True):
        if isinstance(outcome, PublishError):
            refused.update(types)
        elif isinstance(outcome, BaseException):
            raise outcome
    return refused


def _reason(message: AbstractIncomingMessage) -> str:
    """RabbitMQ's words: `delivery_limit`, `rejected`, `expired` or `maxlen`."""
    return str(message.headers.get("x-first-death-reason", "unknown"))


async def _closed(thing: AbstractChannel | AbstractConnection) -> None:
    """Close it, as far as the other side still takes part."""
    with suppress(*FAILURES):
        async with asyncio.timeout(2):
            await thing.close()


@contextmanager
def _down() -> Iterator[None]:
    try:
        yield
    except FAILURES as problem:
        raise TransportDown(f"broker: {type(problem).__name__}") from problem
