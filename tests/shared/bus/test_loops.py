"""Endless loops end cleanly, and an outage is told apart from a mistake."""

import asyncio
import contextlib

import asyncpg
import pytest
import sqlalchemy.exc

from shared.bus.link import Link, LinkDown, is_database_down
from shared.bus.loops import summary, unbroken
from shared.testing.databases import Databases
from tests.shared.bus.conftest import RuntimeFactory
from tests.shared.bus.probe import until


class TestUnbroken:
    async def test_what_has_begun_ends_before_the_cancellation_goes_on(self) -> None:
        begun, go_on, done = asyncio.Event(), asyncio.Event(), False

        async def work() -> None:
            nonlocal done
            begun.set()
            await go_on.wait()
            done = True

        task = asyncio.create_task(unbroken(work()))
        await begun.wait()
        task.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done

    async def test_it_does_not_wait_for_ever(self) -> None:
        stuck = asyncio.Event()
        task = asyncio.create_task(unbroken(stuck.wait(), grace=0.01))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 5)

    async def test_a_failure_comes_through(self) -> None:
        async def fail() -> None:
            raise ValueError

        with pytest.raises(ValueError):
            await unbroken(fail())


class TestSummary:
    def test_it_says_what_and_where_but_quotes_nothing(self) -> None:
        with pytest.raises(ValueError) as caught:
            int("anna@example.com")
        assert summary(caught.value).startswith(f"ValueError at {__name__}:")
        assert "anna" not in summary(caught.value)


class TestLink:
    async def test_it_connects_again_after_its_backend_was_ended(self, databases: Databases) -> None:
        link = Link(databases.url)
        hinted = link.listen("probe_channel")
        await self.end_backend(databases, link)
        await until(hinted.is_set)
        hinted.clear()
        with contextlib.suppress(LinkDown):
            await link.execute("select 1")
        await link.execute("select 1")
        assert link.generation == 2
        await link.execute("select pg_notify('probe_channel', '')")
        await until(hinted.is_set)
        await link.close()

    async def test_a_server_out_of_reach_is_told_as_such(self) -> None:
        link = Link("postgresql://nobody@127.0.0.1:1/nothing")
        with pytest.raises(LinkDown):
            await link.execute("select 1")
        assert link.problem() is not None

    async def test_a_mistake_in_a_statement_does_not_cost_the_connection(self, databases: Databases) -> None:
        link = Link(databases.url)
        with pytest.raises(asyncpg.UndefinedTableError):
            await link.execute("select * from nowhere")
        with pytest.raises(asyncpg.DataError):
            await link.execute("select $1::int", "no number")
        await link.execute("select 1")
        assert link.generation == 1
        await link.close()

    async def end_backend(self, databases: Databases, link: Link) -> None:
        pid = (await link.fetchrow("select pg_backend_pid()"))[0]
        connection = await asyncpg.connect(databases.url)
        await connection.execute("select pg_terminate_backend($1)", pid)
        await connection.close()


class TestDatabaseDown:
    async def test_a_lost_connection_is_an_outage(self, runtime_of: RuntimeFactory) -> None:
        runtime = runtime_of()
        with pytest.raises(sqlalchemy.exc.DBAPIError) as caught:
            async with runtime.database.transaction(None) as session:
                await session.execute(sqlalchemy.text("select pg_terminate_backend(pg_backend_pid())"))
        assert is_database_down(caught.value)

    @pytest.mark.parametrize(
        "statement", ["select 1/0", "select * from nowhere", "select cast('x' as int)", "select cast(:n as int)"]
    )
    async def test_a_refused_statement_is_not(self, runtime_of: RuntimeFactory, statement: str) -> None:
        runtime = runtime_of()
        with pytest.raises(sqlalchemy.exc.DBAPIError) as caught:
            async with runtime.database.transaction(None) as session:
                await session.execute(sqlalchemy.text(statement), {"n": "no number"} if ":n" in statement else {})
        assert not is_database_down(caught.value)
