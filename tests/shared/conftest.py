"""The toy service, with its schema made as a migration would make it."""

import pytest

from shared.testing.databases import Databases
from shared.testing.harness import Harness
from shared.testing.schema import create_schema
from tests.conftest import HarnessFactory
from tests.shared.toy import TOY


@pytest.fixture(scope="session")
async def toy_schema(databases: Databases) -> None:
    await create_schema(databases, TOY, "notes")


@pytest.fixture
async def toy(toy_schema: None, harness: HarnessFactory) -> Harness:
    return await harness(TOY)
