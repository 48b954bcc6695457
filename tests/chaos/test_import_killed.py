"""The worker is killed in the middle of an import, twice. Another goes on: each line is there once, and told once."""

import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from services import catalog
from services.survey.imports import service as imports
from services.survey.imports.schemas import Run
from shared.contracts.feedback import FeedbackReceived
from shared.ids import new_id
from shared.service import open_runtime
from shared.spreadsheets import Table
from shared.testing.databases import DATABASE_SECRET, PUBLIC_KEY, Databases, create_database
from shared.testing.harness import TESTER
from shared.work import open_work
from tests.journeys.heed import Heed
from tests.shared.bus.probe import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ROWS = 4_000


class Importer:
    """The worker half of the survey service as a process, and a look into its database."""

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
        self.process = Heed(home, environment, "survey", "worker")

    async def begin(self, content: bytes) -> UUID:
        service = catalog.load("survey")
        await self.databases.prepare(service)
        runtime = open_runtime(service, self.databases.settings(service))
        async with open_work(runtime.database, self.account, TESTER, clock=runtime.clock) as work:
            row = await imports.upload(work, Table(io.BytesIO(content), None), name=None, delimiter=None)
        async with open_work(runtime.database, self.account, TESTER, clock=runtime.clock) as work:
            await imports.run(work, row.id, Run())
        await runtime.database.close()
        return row.id

    async def kill_after(self, import_id: UUID, done: int) -> int:
        """SIGKILL once so many lines are done; returns how many were. What it held is free again, as after a minute."""
        await until(lambda: self._has_done(import_id, done), seconds=120)
        children = children_of(self.pid)
        await self.process.kill()
        await until(lambda: _gone(children), seconds=20)
        await self.fetch("update survey.dispatches set locked_until = null where account_id = $1 returning id")
        return int((await self.state(import_id))["done"])

    @property
    def pid(self) -> int:
        assert self.process.process is not None
        return self.process.process.pid

    async def state(self, import_id: UUID) -> asyncpg.Record:
        [row] = await self.fetch("select * from survey.feedback_imports where account_id = $1 and id = $2", import_id)
        return row

    async def _has_done(self, import_id: UUID, done: int) -> bool:
        return int((await self.state(import_id))["done"]) >= done

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.databases.url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, self.account, *values)
            return rows
        finally:
            await connection.close()


async def _gone(processes: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}/cmdline").exists() and _state_of(pid) != "Z" for pid in processes)


def children_of(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in listed.read_text().split()] if listed.exists() else []


def _state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.fixture
async def importer(databases: Databases, worker_id: str, tmp_path: Path) -> AsyncIterator[Importer]:
    # Beside that of the probe, on the same server.
    made = Importer(await create_database(f"{worker_id}_import_{new_id().hex[-6:]}"), tmp_path)
    yield made
    if made.process.process is not None:
        await made.process.kill()


async def test_every_line_is_feedback_once(importer: Importer) -> None:
    lines = "\n".join(f"{number},{number % 5 + 1},The parcel came late" for number in range(ROWS))
    import_id = await importer.begin(f"id,rating,comment\n{lines}\n".encode())
    for wanted in (1, ROWS // 2):
        await importer.process.start()
        done = await importer.kill_after(import_id, wanted)
        assert wanted <= done < ROWS
    await importer.process.start()

    async def is_over() -> bool:
        return bool((await importer.state(import_id))["state"] != "running")

    await until(is_over, seconds=120)
    row = await importer.state(import_id)
    assert [row[name] for name in ("state", "done", "new", "edited", "same", "rejected")] == [
        "finished", ROWS, ROWS, 0, 0, 0,
    ]  # fmt: skip
    stored = await importer.fetch("select external_id, version from survey.feedback where account_id = $1")
    assert Counter(each["external_id"] for each in stored) == Counter(f"file:{number}" for number in range(ROWS))
    assert {each["version"] for each in stored} == {1}
    await until(lambda: _told(importer), seconds=60)


async def _told(importer: Importer) -> bool:
    """Each once: what waits to be sent, or has been heard by the one who listens here."""
    events = await importer.fetch(
        """select event_id from survey.outbox where account_id = $1 and type = $2
        union all select event_id from survey.inbox where account_id = $1 and handler like '%on_answers'""",
        FeedbackReceived.TYPE,
    )
    return len(events) == len({each["event_id"] for each in events}) == ROWS
