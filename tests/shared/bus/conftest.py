"""The bus is tested with a service of its own, so that no other service's migrations are in the way."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.service import Runtime
from shared.testing.databases import Databases
from tests.shared.bus.probe import create_probe_database, open_probe, probe

RuntimeFactory = Callable[..., Runtime]


@pytest.fixture(scope="session")
async def databases(worker_id: str) -> Databases:
    return await create_probe_database(worker_id)


@pytest.fixture
async def runtime_of(databases: Databases) -> AsyncIterator[RuntimeFactory]:
    """`runtime_of(subscriptions, timers=..., clock=..., transport=...)` gives a probe; several are several replicas."""
    made: list[Runtime] = []

    def make(*args: Any, clock: Any = None, transport: Any = None, **kwargs: Any) -> Runtime:
        runtime = open_probe(databases, probe(*args, **kwargs), clock=clock, transport=transport)
        made.append(runtime)
        return runtime

    yield make
    for runtime in made:
        await runtime.transport.close()
        await runtime.database.close()
