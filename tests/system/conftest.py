"""One whole Heed for all tests of a module."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from shared.testing.databases import Databases
    from tests.system.world import World


@pytest.fixture(scope="module")
async def world(databases: "Databases") -> "AsyncIterator[World]":
    from tests.system.world import open_world

    async with open_world(databases) as opened:
        yield opened
