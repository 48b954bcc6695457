"""A transaction of one account: all of it is stored or nothing, and the next one finds a clean connection."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.shared.toy import Note


def note(account: UUID, title: str, note_id: UUID | None = None) -> Note:
    return Note(id=note_id or new_id(), account_id=account, title=title, version=1)


async def titles(toy: Harness, account: UUID) -> list[str]:
    async with toy.work(account) as work:
        return list(await work.session.scalars(select(Note.title).order_by(Note.title)))


class TestATransaction:
    async def test_stores_what_the_session_holds_without_being_asked(self, toy: Harness, account: UUID) -> None:
        async with toy.work(account) as work:
            work.session.add(note(account, "a"))
        assert await titles(toy, account) == ["a"]

    async def test_stores_nothing_if_its_block_raises(self, toy: Harness, account: UUID) -> None:
        async def fail() -> None:
            async with toy.work(account) as work:
                work.session.add(note(account, "a"))
                await work.session.flush()
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert await titles(toy, account) == []

    async def test_stores_nothing_if_it_is_cancelled(self, toy: Harness, account: UUID) -> None:
        begun = asyncio.Event()

        async def wait_for_ever() -> None:
            async with toy.work(account) as work:
                work.session.add(note(account, "a"))
                await work.session.flush()
                begun.set()
                await work.session.execute(text("select pg_sleep(60)"))

        task = asyncio.create_task(wait_for_ever())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await titles(toy, account) == []

    async def test_does_not_pass_for_stored_if_a_failure_in_it_was_swallowed(self, toy: Harness, account: UUID) -> None:
        async def swallow() -> None:
            async with toy.work(account) as work:
                work.session.add(note(account, "a"))
                await work.session.flush()
                with pytest.raises(DBAPIError):
                    await work.session.execute(text("select 1 / 0"))

        with pytest.raises(RuntimeError, match="nothing of it was stored"):
            await swallow()
        assert await titles(toy, account) == []

    async def test_goes_on_after_a_failure_that_a_savepoint_holds(self, toy: Harness, account: UUID) -> None:
        async with toy.work(account) as work:
            work.session.add(note(account, "a"))
            await work.session.flush()
            with pytest.raises(DBAPIError):
                async with work.session.begin_nested():
                    await work.session.execute(text("select 1 / 0"))
            work.session.add(note(account, "b"))
        assert await titles(toy, account) == ["a", "b"]

    async def test_is_its_accounts_alone_on_every_connection(self, toy: Harness, account: UUID) -> None:
        other = new_id()
        async with toy.work(account) as work:
            work.session.add(note(account, "mine"))
        async with toy.work(other) as work:
            assert await work.session.scalar(select(func.count()).select_from(Note)) == 0
        async with toy.runtime.database.transaction(None) as session:
            assert await session.scalar(select(func.count()).select_from(Note)) == 0

    async def test_begins_on_a_fresh_connection_if_the_server_hung_up(self, toy: Harness, account: UUID) -> None:
        async with toy.work(account) as work:
            pid = await work.session.scalar(text("select pg_backend_pid()"))
        async with toy.runtime.database.engine.connect() as pooled:
            driver = (await pooled.get_raw_connection()).driver_connection
            assert driver is not None
            assert driver.get_server_pid() == pid
            driver.terminate()
        assert await titles(toy, account) == []

    async def test_waits_its_turn_when_all_connections_are_busy(self, toy: Harness, account: UUID) -> None:
        many = toy.runtime.settings.database_pool_size * 3

        async def write(title: str) -> None:
            async with toy.work(account) as work:
                work.session.add(note(account, title))

        await asyncio.gather(*(write(f"{n:03}") for n in range(many)))
        assert len(await titles(toy, account)) == many
