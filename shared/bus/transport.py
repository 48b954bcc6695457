"""The port between the outbox and the other services. It only carries: what is lost here is still in the outbox, what
comes twice is caught by the inbox. Two implementations, one conformance suite."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shared.bus.loops import Outage
from shared.settings import ServiceSettings, with_credentials

# A message that was on its way to a consumer this often, and each time the consumer vanished, becomes a dead letter.
# It is high because a dying consumer takes healthy messages with it; failures of handlers are counted in the inbox.
MOST_DELIVERIES = 100


class Unroutable(Exception):
    """No queue takes events of these types; they stay in the outbox. All other events of the call were handed over."""

    def __init__(self, types: frozenset[str]) -> None:
        super().__init__(f"no queue takes {', '.join(sorted(types))}")
        self.types = types


class TransportDown(Outage):
    """The transport did not confirm; nothing is known about the events, they stay in the outbox."""


class Outgoing(NamedTuple):
    """One event on its way out: `type` to route it by, `body` as it stands in the outbox."""

    type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class DeadMessage:
    """A message that the transport gave up on: `id` means something to the transport, `reason` to people."""

    id: str
    reason: str
    bodies: Sequence[bytes]


# Takes the bodies of a batch of events; when it returns, they are committed and may be acknowledged.
Receive = Callable[[Sequence[bytes]], Awaitable[None]]


class Transport(Protocol):
    """One service's end of the bus. Queues are named after the consuming service and outlive every process."""

    async def open(self) -> None:
        """Connect, and keep connecting. Returns without waiting for a broker that is down."""
        ...

    async def close(self) -> None: ...

    async def subscribe(self, queue: str, patterns: Sequence[str]) -> None:
        """Declare the queue and these bindings (topic patterns: `*` one word, `#` any number). Raises `TransportDown`.

        A consumer must ignore what it did not ask for: bindings of an earlier version may live on.
        """
        ...

    async def publish(self, events: Sequence[Outgoing]) -> None:
        """Hand over in this order; returns once durable. Raises `Unroutable` or `TransportDown`."""
        ...

    async def consume(self, queue: str, receive: Receive) -> None:
        """Call `receive` with batches until cancelled; survives every outage. What it raises on is delivered again."""
        ...

    async def depth(self, queue: str) -> int:
        """Messages waiting, for the lag metric. Raises `TransportDown`."""
        ...

    async def dead(self, queue: str, *, limit: int = 100) -> list[DeadMessage]:
        """What the transport gave up on for this queue, oldest first. Raises `TransportDown`."""
        ...

    async def redrive(self, queue: str) -> int:
        """Put the queue's dead messages back into it. Returns how many. Raises `TransportDown`."""
        ...

    def problem(self) -> str | None:
        """What is wrong right now in a few words, or None; for readiness."""
        ...


def open_transport(service: str, settings: ServiceSettings) -> Transport:
    """RabbitMQ if a URL is set, else PostgreSQL. No behaviour differs but throughput and reach."""
    if settings.rabbitmq_url:
        from shared.bus.rabbitmq import RabbitMQTransport

        return RabbitMQTransport(settings.rabbitmq_url, prefix=settings.bus_prefix)
    from shared.bus.postgres import PostgresTransport

    role = f"heed_{service}"
    url = settings.role_url(role)
    if settings.bus_database_url:
        url = with_credentials(settings.bus_database_url, role, settings.role_password(role))
    return PostgresTransport(url, prefix=settings.bus_prefix)
