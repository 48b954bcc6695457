"""R-08: while the broker is dead the outbox takes everything; when it is back, nothing is lost or doubled."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.testing.databases import Databases
from shared.testing.rabbitmq import PrivateRabbitMQ, find_script
from tests.chaos.conftest import Stand
from tests.conftest import NO_BROKER

pytestmark = [pytest.mark.rabbitmq, pytest.mark.slow]


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[PrivateRabbitMQ]:
    script = find_script()
    if script is None:
        # A broker that is somebody else's cannot be killed; where a missing one is a failure, so is this.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(NO_BROKER)
    made = PrivateRabbitMQ(tmp_path / "broker", script)
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


class TestBrokerKilled:
    async def test_what_was_committed_arrives_once_after_each_death(
        self, databases: Databases, broker: PrivateRabbitMQ
    ) -> None:
        stand = Stand(databases, broker.url)
        try:
            stand.start()
            await stand.commit_events(1)
            await stand.all_done()
            # RabbitMQ writes down where a new quorum queue is a moment late; an orderly restart makes sure of it,
            # so that the kills hit the messages, which is what this is about.
            await asyncio.to_thread(broker.stop)
            await asyncio.to_thread(broker.start)
            for _ in range(2):
                await stand.commit_events(100)
                await asyncio.to_thread(broker.kill)
                await stand.commit_events(100)
                await asyncio.to_thread(broker.start)
                await stand.commit_events(100)
            effects = await stand.all_done(seconds=90)
            assert sorted(effects.values()) == [1] * 601
            assert await stand.dead_letters() == 0
        finally:
            await stand.close()
