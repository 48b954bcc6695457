"""All of Heed in this process: six services on one database, the front door before them, and a bus driven by hand."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from starlette.types import ASGIApp

from services import catalog
from services.gateway.front_door import create_front_door
from shared.bus.consumer import retry_once
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.ids import new_id
from shared.service import open_runtime
from shared.testing.clock import FrozenClock
from shared.testing.databases import Databases
from shared.testing.harness import Harness
from shared.testing.lifespan import running
from tests.system.resources import SETTINGS, open_business

# Longer than the longest pause between two attempts at an event, and they are as many as there are attempts.
ROUND = timedelta(minutes=12)
ROUNDS = 4

# Takes a service's name and what is new for it; returns the batches that it receives now, in this order. What it keeps
# back it must hand out when there is nothing new.
Courier = Callable[[str, Sequence[bytes]], Sequence[Sequence[bytes]]]


def in_order(service: str, fresh: Sequence[bytes]) -> Sequence[Sequence[bytes]]:
    """As it should be: each event once, in the order they were made, each on its own."""
    return [[body] for body in fresh]


class World:
    """One account in it, with an API key; other accounts may be made on the way."""

    def __init__(self, services: dict[str, Harness], courier: Courier) -> None:
        self.services = services
        self.courier = courier
        self.account = new_id()
        self.api_key = ""
        self._carried: set[UUID] = set()

    def __getitem__(self, name: str) -> Harness:
        return self.services[name]

    def front_door(self) -> ASGIApp:
        return create_front_door(self["gateway"].runtime, {name: one.app for name, one in self.services.items()})

    def client(self, **options: Any) -> httpx.AsyncClient:
        """Comes from outside, with the API key."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        transport = httpx.ASGITransport(self.front_door(), **options)
        return httpx.AsyncClient(transport=transport, base_url="http://heed.test", headers=headers)

    async def open_account(self) -> None:
        self.api_key = await open_business(self["gateway"], self.account)
        await self.settle()

    async def settle(self) -> None:
        """Carry all events to all services until nothing is left to be done or tried again.

        It takes the same time on everybody's clock, whatever there is to do and in whatever order.
        """
        for _ in range(ROUNDS):
            while await self._carry():
                pass
            self.advance(ROUND)
            for service in self.services.values():
                while await retry_once(service.runtime):
                    pass
        assert not await self._carry(), "still something going on"

    def advance(self, by: timedelta) -> None:
        for service in self.services.values():
            service.clock.advance(by)

    async def events(self) -> list[Event[Payload]]:
        """Everything that the account's services have said, in the order of the events' ids."""
        said = [event for service in self.services.values() for event in await service.emitted(self.account)]
        return sorted(said, key=lambda event: event.id)

    async def _carry(self) -> bool:
        """Whether there was anything to carry."""
        fresh = [event for event in await self.events() if event.id not in self._carried]
        self._carried |= {event.id for event in fresh}
        carried = False
        for name, service in self.services.items():
            for batch in self.courier(name, [event.raw for event in fresh]):
                await service.deliver_raw(batch)
                carried = True
        return carried


@asynccontextmanager
async def open_world(databases: Databases, courier: Courier = in_order) -> AsyncIterator[World]:
    """Up, with its account opened."""
    async with AsyncExitStack() as stack:
        services = {}
        for service in catalog.load_all():
            await databases.prepare(service)
            settings = databases.settings(service, **SETTINGS.get(service.name, {}))
            clock = FrozenClock()
            runtime = open_runtime(service, settings, clock=clock)
            harness = Harness(runtime, service.create_app(runtime), clock, databases.signer)
            await stack.enter_async_context(running(harness.app))
            stack.push_async_callback(harness.close)
            services[service.name] = harness
        world = World(services, courier)
        await world.open_account()
        yield world
