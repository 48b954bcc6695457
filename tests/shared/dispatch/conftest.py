"""The queue needs a service that has one: the notifier."""

from typing import Any

import pytest

from services.notifier.app import SERVICE
from shared.testing.harness import Harness


@pytest.fixture
async def notifier(harness: Any) -> Harness:
    made: Harness = await harness(SERVICE)
    return made
