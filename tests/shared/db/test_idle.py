"""Connections of a burst are given back when nobody uses them any more."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.pool import QueuePool

from shared.db.database import Database
from shared.db.idle import close_idle_connections
from shared.testing.harness import Harness


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def pool_of(database: Database) -> QueuePool:
    pool = database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool


async def burst(database: Database) -> None:
    async def ask() -> None:
        async with database.transaction(None) as session:
            await session.execute(text("select pg_sleep(0.05)"))

    await asyncio.gather(*(ask() for _ in range(4)))


class TestIdleConnections:
    async def test_after_a_burst_they_are_closed(self, toy: Harness) -> None:
        database = toy.runtime.database
        await burst(database)
        assert pool_of(database).checkedin() > 1
        closing = asyncio.create_task(close_idle_connections([database], every=0.01))
        try:
            await until(lambda: pool_of(database).checkedin() == 0)
            await burst(database)
        finally:
            closing.cancel()

    async def test_while_one_is_in_use_the_others_stay(self, toy: Harness) -> None:
        database = toy.runtime.database
        await burst(database)
        async with database.transaction(None) as session:
            await session.execute(text("select 1"))
            idle = pool_of(database).checkedin()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await close_idle_connections([database], every=0.01)
            assert pool_of(database).checkedin() == idle > 1
