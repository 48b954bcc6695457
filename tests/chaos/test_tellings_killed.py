"""Workers are killed while customers are told of an improvement, the one that says whom and the one that writes to
them. Everybody who asked is told, and once.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services import catalog
from services.tickets.feedback.models import KnownFeedback
from services.tickets.improvements import telling
from services.tickets.improvements.models import Improvement, Remedy
from services.tickets.improvements.schemas import News
from services.tickets.problems.models import Problem, ProblemLink
from shared.ids import new_id
from shared.service import open_runtime
from shared.testing.databases import DATABASE_SECRET, PUBLIC_KEY, Databases, create_database
from shared.testing.harness import TESTER
from shared.work import Work, open_work
from tests.journeys.heed import Heed
from tests.shared.bus.probe import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CUSTOMERS = 4 * telling.AT_ONCE


class Tellers:
    """The workers of tickets and of the notifier as processes, and a look into their database."""

    def __init__(self, databases: Databases, home: Path) -> None:
        self.databases = databases
        self.account = new_id()
        environment = {
            "HEED_HOST": "127.0.0.1",
            "HEED_DATABASE_URL": databases.url,
            "HEED_DATABASE_SECRET": DATABASE_SECRET,
            "HEED_SECRET": "another-one-for-all-tests",
            "HEED_TOKEN_PUBLIC_KEY": PUBLIC_KEY,
        }
        self.tickets, self.notifier = (
            Heed(home / name, environment, name, "worker") for name in ("tickets", "notifier")
        )

    async def tell(self) -> None:
        """Many have asked for what is there now, and are to be told."""
        service = catalog.load("tickets")
        await self.databases.prepare(service, catalog.load("notifier"))
        runtime = open_runtime(service, self.databases.settings(service))
        async with open_work(runtime.database, self.account, TESTER, clock=runtime.clock) as work:
            await telling.tell(work, await _shipped(work), News(you_said="It is late.", we_did="It is not."))
        await runtime.database.close()

    async def start(self) -> None:
        await asyncio.gather(self.notifier.start(), self.tickets.start())

    async def kill(self, process: Heed, done: Callable[[], Any]) -> None:
        """SIGKILL in the middle of it. What it held is free again, as after a minute."""
        await until(lambda: _has_begun(done), seconds=60)
        await process.kill()
        assert 0 < sum((await done()).values()) < CUSTOMERS
        for table in ("tickets.timers", "notifier.dispatches"):
            await self.fetch(f"update {table} set locked_until = null where account_id = $1 returning 1")

    async def told(self) -> Counter[UUID]:
        return Counter(
            row[0] for row in await self.fetch("select customer_id from tickets.tellings where account_id = $1")
        )

    async def written_to(self) -> Counter[UUID]:
        query = "select customer_id from notifier.messages where account_id = $1 and template = 'improvement'"
        return Counter(row[0] for row in await self.fetch(query))

    async def fetch(self, query: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.databases.url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, self.account)
            return rows
        finally:
            await connection.close()


async def _has_begun(done: Callable[[], Any]) -> bool:
    return bool(await done())


async def _shipped(work: Work) -> UUID:
    common: dict[str, Any] = {
        "account_id": work.account_id,
        "version": 1,
        "created_at": work.now,
        "updated_at": work.now,
    }
    problem = Problem(id=new_id(), title="Late", description="", state="open", **common)
    improvement = Improvement(
        id=new_id(), title="Another carrier", description="", state="shipped", shipped_at=work.now, **common
    )
    work.session.add_all([problem, improvement])
    await work.session.flush()
    work.session.add(Remedy(account_id=work.account_id, improvement_id=improvement.id, problem_id=problem.id))
    for _ in range(CUSTOMERS):
        feedback_id = new_id()
        said = KnownFeedback(
            account_id=work.account_id,
            feedback_id=feedback_id,
            version=1,
            customer_id=new_id(),
            channel="email",
            keys=[],
            topics={},
            occurred_at=work.now,
            gone=False,
        )
        link = ProblemLink(
            account_id=work.account_id,
            problem_id=problem.id,
            kind="feedback",
            target_id=feedback_id,
            linked_at=work.now,
            linked_by="test",
        )
        work.session.add_all([said, link])
    await work.session.flush()
    return improvement.id


@pytest.fixture
async def tellers(databases: Databases, worker_id: str, tmp_path: Path) -> AsyncIterator[Tellers]:
    # Beside that of the probe, on the same server.
    made = Tellers(await create_database(f"{worker_id}_tellings_{new_id().hex[-6:]}"), tmp_path)
    yield made
    for process in (made.tickets, made.notifier):
        if process.process is not None:
            await process.kill()


async def test_everybody_is_told_once(tellers: Tellers) -> None:
    await tellers.tell()
    await tellers.start()
    await tellers.kill(tellers.tickets, tellers.told)
    await tellers.tickets.start()
    await tellers.kill(tellers.notifier, tellers.written_to)
    await tellers.notifier.start()

    async def all_are_written_to() -> bool:
        return len(await tellers.written_to()) == CUSTOMERS

    await until(all_are_written_to, seconds=60)
    assert set((await tellers.told()).values()) == {1}
    assert await tellers.written_to() == await tellers.told()
