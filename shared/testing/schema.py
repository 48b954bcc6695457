"""Schemas of services that exist only in tests and measurements, and so have no migrations."""

import asyncpg
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from shared.bus.ddl import create_outbox_notification
from shared.db.provision import provision
from shared.db.rls import enable_row_security
from shared.service import Service
from shared.testing.databases import Databases


async def create_schema(databases: Databases, service: Service, *account_tables: str) -> None:
    """Role, schema and tables as the service's first migration would make them."""
    connection = await asyncpg.connect(databases.url)
    try:
        await provision(connection, [(service, databases.settings(service))])
    finally:
        await connection.close()

    def create(connection: Connection) -> None:
        service.metadata.create_all(connection)
        op = Operations(MigrationContext.configure(connection))
        create_outbox_notification(op, service.name)
        enable_row_security(op, service.name, "idempotency_keys", *account_tables)

    engine = create_async_engine(databases.url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as opened:
            await opened.run_sync(create)
    finally:
        await engine.dispose()
