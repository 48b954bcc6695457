"""The customers service alone, on a real database."""

from typing import Any

import pytest

from services.customers.app import SERVICE
from shared.testing.harness import Harness


@pytest.fixture
async def customers(harness: Any) -> Harness:
    made: Harness = await harness(SERVICE)
    return made
