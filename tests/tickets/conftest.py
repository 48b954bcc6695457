"""The tickets service alone, on a real database."""

from typing import Any

import pytest

from services.tickets.app import SERVICE
from shared.testing.harness import Harness


@pytest.fixture
async def tickets(harness: Any) -> Harness:
    made: Harness = await harness(SERVICE)
    return made
