"""The toy service, with its schema made as a migration would make it."""

import asyncpg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.ext.asyncio import create_async_engine

from shared.bus.ddl import create_outbox_notification
from shared.db.provision import provision
from shared.db.rls import enable_row_security
from shared.testing.databases import Databases
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.shared.toy import TOY


@pytest.fixture(scope="session")
async def toy_schema(databases: Databases) -> None:
    connection = await asyncpg.connect(databases.url)
    try:
        await provision(connection, [(TOY, databases.settings(TOY))])
    finally:
        await connection.close()
    engine = create_async_engine(databases.url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.begin() as opened:
        await opened.run_sync(_create)
    await engine.dispose()


def _create(connection: object) -> None:
    TOY.metadata.create_all(connection)  # type: ignore[arg-type]
    op = Operations(MigrationContext.configure(connection))  # type: ignore[arg-type]
    create_outbox_notification(op, "toy")
    enable_row_security(op, "toy", "notes", "idempotency_keys")


@pytest.fixture
async def toy(toy_schema: None, harness: HarnessFactory) -> Harness:
    return await harness(TOY)
