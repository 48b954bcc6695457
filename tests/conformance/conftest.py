"""What both transports must keep, proved on both."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence

import pytest

from shared.bus.postgres import PostgresTransport
from shared.bus.rabbitmq import RabbitMQTransport
from shared.bus.transport import Outgoing, Receive, Transport
from shared.ids import new_id
from shared.testing.databases import Databases
from shared.testing.proxy import Proxy
from shared.testing.servers import RABBITMQ_URL
from tests.shared.bus.probe import create_probe_database, probe

# Short enough that a test can wait for what a vanished consumer had.
LEASE_SECONDS = 0.6


@pytest.fixture(scope="session")
async def databases(worker_id: str) -> Databases:
    return await create_probe_database(worker_id)


class Bus:
    """One exchange under a prefix of its own; each `transport()` is another process's end of it."""

    def __init__(self, kind: str, databases: Databases) -> None:
        self.kind = kind
        self.prefix = f"test-{new_id().hex}"
        self.databases = databases
        self.proxy: Proxy | None = None
        self._transports: list[Transport] = []
        self._consumers: list[asyncio.Task[None]] = []

    async def through_a_proxy(self) -> Proxy:
        """Every transport made from now on reaches the server by this way."""
        self.proxy = Proxy(self._url(), 5672 if self.kind == "rabbitmq" else 5432)
        await self.proxy.up()
        return self.proxy

    def transport(self, *, most_deliveries: int = 100) -> Transport:
        made: Transport
        if self.kind == "rabbitmq":
            made = RabbitMQTransport(self._url(), prefix=self.prefix, most_deliveries=most_deliveries)
        else:
            made = PostgresTransport(
                self._url(), prefix=self.prefix, most_deliveries=most_deliveries, lease_seconds=LEASE_SECONDS
            )
        self._transports.append(made)
        return made

    def consume(self, transport: Transport, queue: str, receive: Receive) -> asyncio.Task[None]:
        task = asyncio.create_task(transport.consume(queue, receive))
        self._consumers.append(task)
        return task

    async def close(self) -> None:
        for task in self._consumers:
            task.cancel()
        if self._consumers:
            await asyncio.wait(self._consumers)
        for transport in self._transports:
            await transport.close()
        if self.proxy is not None:
            await self.proxy.down()
        if self.kind == "rabbitmq":
            await self._delete_queues()

    async def _delete_queues(self) -> None:
        """The broker may be one that stays."""
        connection = await RabbitMQTransport(os.environ[RABBITMQ_URL], prefix=self.prefix).connect()
        channel = await connection.channel()
        for name in ("one", "two", "probe", "dead"):
            await channel.queue_delete(f"{self.prefix}.{name}", if_unused=False, if_empty=False)
        for name in ("events", "dead"):
            await channel.exchange_delete(f"{self.prefix}.{name}")
        await connection.close()

    def _url(self) -> str:
        if self.proxy is not None:
            return self.proxy.url
        if self.kind == "rabbitmq":
            return os.environ[RABBITMQ_URL]
        return self.databases.settings(probe()).role_url("heed_probe")


@pytest.fixture(params=["postgres", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def bus(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Bus]:
    made = Bus(request.param, databases)
    yield made
    await made.close()


class Sink:
    """A consumer that keeps what it gets."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, bodies: Sequence[bytes]) -> None:
        self.bodies += bodies


def numbered(event_type: str, count: int, *, start: int = 0) -> list[Outgoing]:
    """Events that tell their order."""
    bodies = [b'{"type":"%s","n":%d}' % (event_type.encode(), number) for number in range(start, start + count)]
    return [Outgoing(event_type, body) for body in bodies]
