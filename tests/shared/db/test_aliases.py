"""Ids that stand for others: rows follow, whenever they come, and go back."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Column, MetaData, Table, Uuid, text

from shared.db.aliases import Aliases, create_aliases, follow_aliases
from shared.db.base import service_metadata
from shared.http.app import service_app
from shared.ids import new_id
from shared.service import Service
from shared.settings import ServiceSettings
from shared.testing.databases import Databases
from shared.testing.harness import Harness
from shared.testing.schema import create_schema
from tests.conftest import HarnessFactory

ALIASES = Aliases("aliased", ("things",), present="owner_id", origin="former_owner_id")
DEADLINE = 10.0


def _metadata() -> MetaData:
    metadata = service_metadata("aliased")
    columns = (Column("id", Uuid, primary_key=True), Column("account_id", Uuid), Column("owner_id", Uuid))
    Table("things", metadata, *columns)
    return metadata


SERVICE = Service(
    name="aliased",
    settings=ServiceSettings,
    metadata=_metadata(),
    create_app=lambda runtime: service_app(runtime, title="aliased", routers=[]),
)


class Statements:
    """Collects what a migration would execute."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def execute(self, sqltext: str) -> None:
        self.made.append(sqltext)

    def get_bind(self) -> None:
        raise NotImplementedError


@pytest.fixture(scope="session")
async def schema(databases: Databases) -> None:
    await create_schema(databases, SERVICE, "things")
    statements = Statements()
    create_aliases(statements, "aliased", present="owner_id", origin="former_owner_id")  # type: ignore[arg-type]
    follow_aliases(statements, "aliased", "things", present="owner_id", origin="former_owner_id")  # type: ignore[arg-type]
    connection = await asyncpg.connect(databases.url)
    for statement in statements.made:
        await connection.execute(statement)
    await connection.close()


@pytest.fixture
async def aliased(schema: None, harness: HarnessFactory) -> Harness:
    return await harness(SERVICE)


async def add(aliased: Harness, account: UUID, owner: UUID | None) -> UUID:
    thing = new_id()
    async with aliased.work(account) as work:
        await work.session.execute(
            text("insert into aliased.things (id, account_id, owner_id) values (:id, :account, :owner)"),
            {"id": thing, "account": account, "owner": owner},
        )
    return thing


async def owners(aliased: Harness, account: UUID, *things: UUID) -> Sequence[tuple[UUID | None, UUID | None]]:
    async with aliased.work(account) as work:
        found = await work.session.execute(text("select id, owner_id, former_owner_id from aliased.things"))
    rows = {row.id: (row.owner_id, row.former_owner_id) for row in found}
    return [rows[thing] for thing in things]


async def point(aliased: Harness, account: UUID, former: UUID, to: UUID | None, version: int = 1) -> bool:
    async with aliased.work(account) as work:
        return await ALIASES.point(work, former, to, version=version)


class TestRows:
    async def test_that_are_there_follow_and_keep_whose_they_were(self, aliased: Harness, account: UUID) -> None:
        a, b = new_id(), new_id()
        mine, yours, nobodys = [await add(aliased, account, owner) for owner in (a, b, None)]
        await point(aliased, account, a, b)
        assert await owners(aliased, account, mine, yours, nobodys) == [(b, a), (b, None), (None, None)]

    async def test_that_come_later_under_the_former_id_go_where_it_leads(self, aliased: Harness, account: UUID) -> None:
        a, b = new_id(), new_id()
        await point(aliased, account, a, b)
        assert await owners(aliased, account, await add(aliased, account, a)) == [(b, a)]

    async def test_go_back_with_what_came_meanwhile(self, aliased: Harness, account: UUID) -> None:
        a, b = new_id(), new_id()
        before = await add(aliased, account, a)
        await point(aliased, account, a, b, 1)
        meanwhile, own = await add(aliased, account, a), await add(aliased, account, b)
        await point(aliased, account, a, None, 2)
        assert await owners(aliased, account, before, meanwhile, own) == [(a, None), (a, None), (b, None)]

    async def test_follow_a_chain_to_its_end_and_only_the_parted_link_goes_back(
        self, aliased: Harness, account: UUID
    ) -> None:
        a, b, c = new_id(), new_id(), new_id()
        of_a, of_b = await add(aliased, account, a), await add(aliased, account, b)
        await point(aliased, account, a, b)
        await point(aliased, account, b, c)
        assert await owners(aliased, account, of_a, of_b) == [(c, a), (c, b)]
        await point(aliased, account, b, None, 2)
        assert await owners(aliased, account, of_a, of_b) == [(b, a), (b, None)]

    async def test_are_the_same_whatever_the_order_of_the_news(self, aliased: Harness, account: UUID) -> None:
        a, b, c = new_id(), new_id(), new_id()
        thing = await add(aliased, account, a)
        assert await point(aliased, account, a, c, 3)
        assert not await point(aliased, account, a, None, 2)
        assert not await point(aliased, account, a, b, 1)
        assert await owners(aliased, account, thing) == [(c, a)]

    async def test_in_a_circle_of_news_stay_where_they_can_be_found(self, aliased: Harness, account: UUID) -> None:
        a, b = new_id(), new_id()
        thing = await add(aliased, account, a)
        await point(aliased, account, a, b, 1)
        await point(aliased, account, b, a, 1)
        await point(aliased, account, a, None, 2)
        assert await owners(aliased, account, thing) == [(a, None)]

    async def test_that_are_given_to_somebody_else_are_theirs(self, aliased: Harness, account: UUID) -> None:
        a, b, c = new_id(), new_id(), new_id()
        thing = await add(aliased, account, a)
        await point(aliased, account, a, b)
        async with aliased.work(account) as work:
            await work.session.execute(text("update aliased.things set owner_id = :c"), {"c": c})
        await point(aliased, account, a, None, 2)
        assert await owners(aliased, account, thing) == [(c, None)]

    async def test_of_another_account_do_not_follow(self, aliased: Harness, account: UUID) -> None:
        a, other = new_id(), new_id()
        thing = await add(aliased, other, a)
        await point(aliased, account, a, new_id())
        late = await add(aliased, other, a)
        assert await owners(aliased, other, thing, late) == [(a, None), (a, None)]

    async def test_that_are_being_written_at_that_moment_are_not_missed(self, aliased: Harness, account: UUID) -> None:
        """Seen to fail without the trigger's lock."""
        a, b, thing = new_id(), new_id(), new_id()
        async with aliased.work(account) as work:
            await work.session.execute(
                text("insert into aliased.things (id, account_id, owner_id) values (:id, :account, :owner)"),
                {"id": thing, "account": account, "owner": a},
            )
            pointing = asyncio.create_task(point(aliased, account, a, b))
            async with asyncio.timeout(DEADLINE):
                while not pointing.done() and not await _somebody_waits(aliased):
                    await asyncio.sleep(0)
        assert await pointing
        assert await owners(aliased, account, thing) == [(b, a)]


async def _somebody_waits(aliased: Harness) -> bool:
    async with aliased.runtime.database.transaction(None) as session:
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        return bool(await session.scalar(text(waiting)))


class TestPresentIds:
    async def test_are_where_each_leads_today(self, aliased: Harness, account: UUID) -> None:
        a, b, c = new_id(), new_id(), new_id()
        await point(aliased, account, a, b)
        async with aliased.work(account) as work:
            assert await ALIASES.present_ids(work, [a, b, c]) == {a: b, b: b, c: c}
