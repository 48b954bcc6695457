"""Group commit: whoever is answered is committed, and nobody pays for another's mistake."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import pytest

from shared.db.group_commit import GroupCommit
from shared.http.errors import TooMany
from shared.testing.databases import Databases
from shared.testing.proxy import proxied

Group = GroupCommit[int, int]


@pytest.fixture
async def table(databases: Databases) -> AsyncIterator[str]:
    """A table of whole numbers, none twice."""
    connection = await asyncpg.connect(databases.url)
    await connection.execute("create table if not exists group_commit (number integer primary key)")
    await connection.execute("truncate group_commit")
    yield databases.url
    await connection.close()


async def write(connection: asyncpg.Connection, numbers: Sequence[int]) -> list[int]:
    """Each is answered with the size of the group it was written in."""
    await connection.execute("insert into group_commit select * from unnest($1::integer[])", list(numbers))
    return [len(numbers)] * len(numbers)


@asynccontextmanager
async def running(group: Group) -> AsyncIterator[Group]:
    await group.open()
    try:
        yield group
    finally:
        await group.close()


async def written(url: str) -> set[int]:
    connection = await asyncpg.connect(url)
    try:
        return {row["number"] for row in await connection.fetch("select number from group_commit")}
    finally:
        await connection.close()


class TestSubmit:
    async def test_answers_after_the_commit(self, table: str) -> None:
        async with running(GroupCommit(table, write)) as group:
            await group.submit(7)
            assert await written(table) == {7}

    async def test_those_who_come_together_are_written_together(self, table: str) -> None:
        async with running(GroupCommit(table, write, largest=10)) as group:
            sizes = await asyncio.gather(*(group.submit(number) for number in range(25)))
        assert sizes == [10] * 20 + [5] * 5
        assert await written(table) == set(range(25))

    async def test_one_that_cannot_be_written_fails_alone(self, table: str) -> None:
        async with running(GroupCommit(table, write)) as group:
            await group.submit(3)
            results = await asyncio.gather(*(group.submit(number) for number in range(6)), return_exceptions=True)
        assert [isinstance(result, asyncpg.UniqueViolationError) for result in results] == [
            number == 3 for number in range(6)
        ]
        assert await written(table) == set(range(6))

    async def test_one_who_went_away_does_not_disturb_the_others(self, table: str) -> None:
        async with running(GroupCommit(table, write)) as group:
            impatient = asyncio.create_task(group.submit(1))
            patient = asyncio.create_task(group.submit(2))
            await asyncio.sleep(0)
            impatient.cancel()
            assert await patient == 2
        assert await written(table) == {1, 2}

    async def test_too_many_are_refused_at_once(self, table: str) -> None:
        async with running(GroupCommit(table, write, waiting=5)) as group:
            results = await asyncio.gather(*(group.submit(number) for number in range(20)), return_exceptions=True)
        refused = [result for result in results if isinstance(result, TooMany)]
        assert len(refused) == 15
        assert all(problem.retry_after for problem in refused)
        assert len(await written(table)) == 5


class TestAnOutage:
    async def test_fails_those_who_wait_and_ends_by_itself(self, table: str) -> None:
        async with proxied(table, 5432) as proxy, running(GroupCommit(proxy.url, write)) as group:
            await group.submit(1)
            await proxy.down()
            failed = await asyncio.gather(*(group.submit(number) for number in (2, 3)), return_exceptions=True)
            assert all(
                isinstance(result, OSError | asyncpg.PostgresError | asyncpg.InterfaceError) for result in failed
            )
            await proxy.up()
            assert await group.submit(4) == 1
        assert await written(table) == {1, 4}


class TestClose:
    async def test_finishes_what_waits_and_what_is_being_written(self, table: str) -> None:
        group: Group = GroupCommit(table, write, largest=2)
        await group.open()
        waiting = [asyncio.create_task(group.submit(number)) for number in range(7)]
        await asyncio.sleep(0)
        await group.close()
        assert sorted(await asyncio.gather(*waiting)) == [1, 2, 2, 2, 2, 2, 2]
        assert await written(table) == set(range(7))

    async def test_of_one_that_was_never_used_needs_no_database(self) -> None:
        async with running(GroupCommit("postgresql://nobody@127.0.0.1:1/none", write)):
            pass
