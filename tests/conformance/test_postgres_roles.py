"""In the shared schema of the postgres transport a service sees and touches what is in its own queue only."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.bus.ddl import create_bus_schema
from shared.bus.postgres import PostgresTransport
from shared.ids import new_id
from shared.testing.databases import Databases
from tests.conformance.conftest import numbered
from tests.shared.bus.probe import probe

TYPE = "heed.tickets.ticket.opened.v1"


@pytest.fixture
async def stranger(databases: Databases) -> AsyncIterator[asyncpg.Connection]:
    """Signed in as another service's role."""
    connection = await asyncpg.connect(databases.url)
    role = f"heed_stranger_{new_id().hex}"
    await connection.execute(f"create role {role}")
    await create_bus_schema(connection, [role])
    await connection.execute(f"set role {role}")
    yield connection
    await connection.execute("reset role")
    await connection.execute(f"drop owned by {role}; drop role {role}")
    await connection.close()


@pytest.fixture
def prefix() -> str:
    return f"test-{new_id().hex}"


@pytest.fixture
async def owner(databases: Databases, prefix: str) -> AsyncIterator[PostgresTransport]:
    transport = PostgresTransport(databases.settings(probe()).role_url("heed_probe"), prefix=prefix)
    await transport.subscribe("one", [TYPE])
    await transport.publish(numbered(TYPE, 3))
    yield transport
    await transport.close()


class TestOtherServices:
    async def test_they_may_send_into_a_queue(
        self, owner: PostgresTransport, stranger: asyncpg.Connection, prefix: str
    ) -> None:
        await stranger.execute("insert into bus.messages (queue, events) values ($1, $2)", f"{prefix}.one", [b"{}"])
        assert await owner.depth("one") == 2

    async def test_they_see_nothing_of_what_is_in_it(
        self, owner: PostgresTransport, stranger: asyncpg.Connection
    ) -> None:
        assert await stranger.fetch("select * from bus.messages") == []

    async def test_they_cannot_take_or_remove_it(self, owner: PostgresTransport, stranger: asyncpg.Connection) -> None:
        assert await stranger.execute("delete from bus.messages") == "DELETE 0"
        assert await stranger.execute("update bus.messages set dead = 'mine now'") == "UPDATE 0"
        assert await owner.depth("one") == 1

    async def test_they_cannot_cut_or_add_bindings(
        self, owner: PostgresTransport, stranger: asyncpg.Connection, prefix: str
    ) -> None:
        assert await stranger.execute("delete from bus.bindings") == "DELETE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.execute("insert into bus.bindings values ($1, $2, '#', '')", prefix, f"{prefix}.one")

    async def test_they_cannot_claim_somebody_elses_name(self, stranger: asyncpg.Connection) -> None:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await stranger.execute("insert into bus.queues (name, role) values ('heed.customers', 'heed_customers')")
