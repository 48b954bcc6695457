"""The worker is killed in the middle of an import, twice, and another goes on; or one was only thought to be dead. Each
line is there once, and told once."""

import io
import os
import signal
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
ROWS, PORTION = 600, 50


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
            "HEED_SURVEY_IMPORT_PORTION": str(PORTION),
        }
        self.process, self.other = (Heed(home / name, environment, "survey", "worker") for name in ("one", "other"))

    async def begin(self, content: bytes) -> UUID:
        service = catalog.load("survey")
        await self.databases.prepare(service)
        settings = self.databases.settings(service).model_copy(update={"survey_import_portion": PORTION})
        runtime = open_runtime(service, settings)
        async with open_work(runtime.database, self.account, TESTER, clock=runtime.clock) as work:
            row = await imports.upload(work, Table(io.BytesIO(content), None), name=None, delimiter=None)
        async with open_work(runtime.database, self.account, TESTER, clock=runtime.clock) as work:
            await imports.run(work, row.id, Run())
        await runtime.database.close()
        return row.id

    async def kill_after(self, process: Heed, import_id: UUID, done: int) -> int:
        """SIGKILL once so many lines are done; returns how many were. What it held is free again, as after a minute."""
        await until(lambda: self._has_done(import_id, done), seconds=120)
        children = children_of(pid_of(process))
        await process.kill()
        await until(lambda: _gone(children), seconds=20)
        await self.free()
        return int((await self.state(import_id))["done"])

    async def free(self) -> None:
        await self.fetch("update survey.dispatches set locked_until = null where account_id = $1 returning id")

    async def stop_in_between(self) -> None:
        """SIGSTOP to the only worker, once it has the import and no transaction."""
        await until(self._is_claimed, seconds=60)
        await until(self._is_stopped, seconds=60)

    async def _is_claimed(self) -> bool:
        found = await self.fetch("select from survey.dispatches where account_id = $1 and fence > 0")
        return bool(found)

    async def _is_stopped(self) -> bool:
        os.kill(pid_of(self.process), signal.SIGSTOP)
        busy = await self.fetch(
            """select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
            and xact_start is not null and $1::uuid is not null"""
        )
        if busy:
            os.kill(pid_of(self.process), signal.SIGCONT)
        return not busy

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


def pid_of(process: Heed) -> int:
    assert process.process is not None
    return process.process.pid


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
    for each in (made.process, made.other):
        if each.process is not None:
            await each.kill()


async def test_every_line_is_feedback_once(importer: Importer) -> None:
    import_id = await importer.begin(_file())
    for wanted in (1, ROWS // 2):
        await importer.process.start()
        done = await importer.kill_after(importer.process, import_id, wanted)
        assert wanted <= done < ROWS
    await importer.process.start()

    await _all_once(importer, import_id)


async def test_one_that_was_thought_dead_stores_nothing_of_what_it_held(importer: Importer) -> None:
    import_id = await importer.begin(_file())
    await importer.process.start()
    await importer.stop_in_between()
    before = int((await importer.state(import_id))["done"])
    await importer.free()
    await importer.other.start()
    done = await importer.kill_after(importer.other, import_id, before + 1)
    assert before < done < ROWS
    os.kill(pid_of(importer.process), signal.SIGCONT)
    await _all_once(importer, import_id)


def _file() -> bytes:
    lines = "\n".join(f"{number},{number % 5 + 1},The parcel came late" for number in range(ROWS))
    return f"id,rating,comment\n{lines}\n".encode()


async def _all_once(importer: Importer, import_id: UUID) -> None:
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
