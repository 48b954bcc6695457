"""R-58: the migrations of every service make what its models describe, however often, however many at once, or not."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from sqlalchemy import Connection

from services import catalog
from shared.ids import new_id

if TYPE_CHECKING:
    from shared.service import Service
    from shared.testing.databases import Databases

# What serves all accounts, or is written before an account is known, has no account to be walled in by.
FOR_ALL_ACCOUNTS = {
    "gateway": {"sign_in_attempts"},
    "metrics": {"dispatches"},
    "notifier": {"dispatches", "mailbox"},
    "survey": {"dispatches"},
    "tickets": {"dispatches"},
}
OF_THE_KIT = {"alembic_version", "inbox", "outbox", "timers"}

# What is killed: an upgrade in a process of its own. `whole` is how it is done; `piecemeal` is what it guards against.
UPGRADE = """
import sys
from functools import partial
from services import catalog
from shared.db import migrations
name, url, way = sys.argv[1:]
if way == "piecemeal":
    migrations.create_async_engine = partial(migrations.create_async_engine, isolation_level="AUTOCOMMIT")
migrations.upgrade_blocking(catalog.load(name), url)
"""


@pytest.fixture
async def empty(databases: "Databases", worker_id: str) -> "Databases":
    """One more database on the server behind `databases`, with nothing in it."""
    from shared.testing.databases import create_database

    return await create_database(f"{worker_id}_migrations_{new_id().hex[-6:]}")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def differences(service: "Service", url: str) -> Any:
    """What alembic would change to make the schema into what the models say."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy.ext.asyncio import create_async_engine

    def own(name: str | None, kind: str, parents: Any) -> bool:
        return kind != "schema" or name == service.name

    def compare(connection: Connection) -> Any:
        options = {
            "include_schemas": True,
            "include_name": own,
            "version_table_schema": service.name,
            "compare_server_default": True,
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), service.metadata)

    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compare)
    finally:
        await engine.dispose()


@pytest.mark.parametrize("name", catalog.NAMES)
class TestMigrations:
    async def test_make_the_tables_that_the_models_describe(self, name: str, databases: "Databases") -> None:
        service = catalog.load(name)
        await databases.prepare(service)
        assert await differences(service, databases.url) == []

    async def test_put_every_table_of_an_account_under_row_level_security(
        self, name: str, databases: "Databases"
    ) -> None:
        await databases.prepare(catalog.load(name))
        tables = """
            select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relkind in ('r', 'p') and not c.relrowsecurity"""
        async with connected(databases.url) as connection:
            open_to_all = {row["relname"] for row in await connection.fetch(tables, name)}
        assert open_to_all - OF_THE_KIT == FOR_ALL_ACCOUNTS.get(name, set())

    async def test_run_once_however_many_replicas_start_together(self, name: str, empty: "Databases") -> None:
        """Seen to fail without the advisory lock in `shared.db.migrations`: they block each other for good."""
        from shared.db.migrations import head_of, upgrade

        service = catalog.load(name)
        await empty.provision(service)
        await asyncio.gather(*(upgrade(service, empty.url) for _ in range(3)))
        await upgrade(service, empty.url)
        async with connected(empty.url) as connection:
            revisions = await connection.fetch(f'select version_num from "{name}".alembic_version')
        assert [row["version_num"] for row in revisions] == [head_of(service)]
        assert await differences(service, empty.url) == []


@pytest.mark.slow
class TestKilledMigration:
    async def test_leaves_nothing_and_the_next_one_does_it_all(self, empty: "Databases") -> None:
        await self.kill_in_the_middle(empty, "whole")
        assert await self.tables(empty) == set()
        service = catalog.load("survey")
        await empty.prepare(service)
        assert await differences(service, empty.url) == []

    async def test_without_its_transaction_this_would_show_half_a_schema(self, empty: "Databases") -> None:
        await self.kill_in_the_middle(empty, "piecemeal")
        complete = {table.name for table in catalog.load("survey").metadata.tables.values()}
        assert "outbox" in await self.tables(empty)
        assert not complete <= await self.tables(empty)

    async def kill_in_the_middle(self, databases: "Databases", way: str) -> None:
        """SIGKILL while the migration waits for a name that somebody else is about to take: `survey.feedback`."""
        await databases.provision(catalog.load("survey"))
        async with connected(databases.url) as connection:
            obstacle = connection.transaction()
            await obstacle.start()
            await connection.execute("create table survey.feedback (id int)")
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", UPGRADE, "survey", databases.url, way, stderr=asyncio.subprocess.PIPE
            )
            await self.until_blocked(databases, process)
            process.kill()
            await process.communicate()
            await obstacle.rollback()
            await self.until_alone(connection)

    async def until_blocked(self, databases: "Databases", process: asyncio.subprocess.Process) -> None:
        """A migration waits for a lock for seconds, so there is time to see it."""
        async with asyncio.timeout(100), connected(databases.url) as connection:
            while not await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            ):
                assert process.returncode is None, await process.communicate()
                await asyncio.sleep(0.02)

    async def until_alone(self, connection: asyncpg.Connection) -> None:
        """The server has noticed that the client is gone, and undone what it had begun."""
        async with asyncio.timeout(20):
            while await connection.fetchval(
                "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            ):
                await asyncio.sleep(0.02)

    async def tables(self, databases: "Databases") -> set[str]:
        async with connected(databases.url) as connection:
            rows = await connection.fetch("select tablename from pg_tables where schemaname = 'survey'")
        return {row["tablename"] for row in rows}
