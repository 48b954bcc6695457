"""A notifier that may reach this machine, and a partner's server on it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.notifier.app import SERVICE
from shared.testing.harness import Harness
from tests.notifier.receiver import Receiver, a_receiver


@pytest.fixture
async def notifier(harness: Any) -> Harness:
    made: Harness = await harness(SERVICE, webhook_allow_cidrs="127.0.0.0/8")
    return made


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as running:
        yield running
