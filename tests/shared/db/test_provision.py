"""Preparing a database for the services: as often as one likes, and by several at once."""

import asyncio

import asyncpg

from shared.db.provision import provision
from shared.testing.databases import Databases, create_database
from tests.shared.toy import TOY


async def prepare(databases: Databases) -> None:
    connection = await asyncpg.connect(databases.url)
    try:
        for _ in range(5):
            await provision(connection, [(TOY, databases.settings(TOY))])
    finally:
        await connection.close()


class TestProvision:
    async def test_two_databases_of_one_server_may_be_prepared_at_once(
        self, databases: Databases, worker_id: str
    ) -> None:
        """The roles are the same ones."""
        other = await create_database(f"{worker_id}_provision")
        await asyncio.gather(prepare(databases), prepare(databases), prepare(other), prepare(other))
