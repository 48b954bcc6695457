"""The metrics service alone, on a real database."""

from typing import Any

import pytest

from services.metrics.app import SERVICE
from shared.testing.harness import Harness


@pytest.fixture
async def metrics(harness: Any) -> Harness:
    made: Harness = await harness(SERVICE)
    return made
