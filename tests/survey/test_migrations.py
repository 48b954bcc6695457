"""The migrations and the models describe the same tables."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from services.survey.app import SERVICE
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
