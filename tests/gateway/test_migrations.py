"""The migrations and the models describe the same tables."""

from typing import Any

import asyncpg
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.gateway.app import SERVICE
from shared.testing.databases import Databases


class TestMigrations:
    async def test_make_the_tables_that_the_models_describe(self, databases: Databases) -> None:
        await databases.prepare(SERVICE)

        def differences(connection: Connection) -> Any:
            def own(name: str | None, kind: str, parents: Any) -> bool:
                return kind != "schema" or name == SERVICE.name

            options = {"include_schemas": True, "include_name": own, "version_table_schema": SERVICE.name}
            return compare_metadata(MigrationContext.configure(connection, opts=options), SERVICE.metadata)

        engine = create_async_engine(databases.url.replace("postgresql://", "postgresql+asyncpg://", 1))
        try:
            async with engine.connect() as connection:
                assert await connection.run_sync(differences) == []
        finally:
            await engine.dispose()

    async def test_put_every_table_of_an_account_under_row_level_security(self, databases: Databases) -> None:
        await databases.prepare(SERVICE)
        connection = await asyncpg.connect(databases.url)
        open_to_all = await connection.fetch("""
            select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'gateway' and c.relkind in ('r', 'p') and not c.relrowsecurity""")
        await connection.close()
        # The kit's own, which serve all accounts, and what is counted before an account is known.
        assert {row["relname"] for row in open_to_all} == {
            "alembic_version",
            "inbox",
            "outbox",
            "sign_in_attempts",
            "timers",
        }
