"""R-04: the intake is killed while clients hand in answers. What was accepted is there, and nothing is there twice."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from services import catalog
from shared.auth.scopes import ALL
from shared.auth.tokens import Principal
from shared.clock import SystemClock
from shared.ids import new_id
from shared.testing.databases import DATABASE_SECRET, PUBLIC_KEY, Databases, create_database
from shared.testing.harness import TESTER
from shared.testing.proxy import Proxy
from tests.chaos.crowd import Crowd
from tests.journeys.heed import Heed
from tests.shared.bus.probe import until

pytestmark = pytest.mark.slow


class Intake:
    """The web half of the survey service as a process, behind a proxy, and a look into its database."""

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
        self.process = Heed(home, environment, "survey", "web")
        self.proxy = Proxy(self.process.url, 80)

    def authorization(self) -> str:
        principal = Principal(self.account, TESTER, ALL, "test:crowd")
        return f"Bearer {self.databases.signer.sign(principal, now=SystemClock().now())}"

    async def start(self) -> str:
        """Returns the id of a survey to answer."""
        await self.databases.prepare(catalog.load("survey"))
        await self.process.start()
        await self.proxy.up()
        headers = {"Authorization": self.authorization()}
        async with httpx.AsyncClient(base_url=self.process.url, headers=headers, timeout=10) as client:
            survey = (await client.post("/v1/surveys", json={"name": "After delivery", "kind": "nps"})).json()
            assert (await client.post(f"/v1/surveys/{survey['id']}/publish")).status_code == 200
        survey_id: str = survey["id"]
        return survey_id

    async def kill(self, crowd: Crowd) -> None:
        """SIGKILL while it owes somebody the answer to what it has stored: answers do not get out before it."""
        self.proxy.mute()
        await until(lambda: self._owes_answers(crowd), seconds=20)
        await self.process.kill()
        await self.proxy.down()
        await self.process.start()
        await self.proxy.up()

    async def _owes_answers(self, crowd: Crowd) -> bool:
        return bool({name.partition("/")[0] for name in await self.stored()} - crowd.accepted)

    async def stored(self) -> list[str]:
        """Submission ids of all responses."""
        query = "select submission_id from survey.responses where account_id = $1"
        return [row["submission_id"] for row in await self._fetch(query)]

    async def told(self) -> int:
        """Events that wait to be sent; there is no worker that would send them."""
        query = "select event_id from survey.outbox where account_id = $1 and type like '%response.received%'"
        return len(await self._fetch(query))

    async def _fetch(self, query: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.databases.url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, self.account)
            return rows
        finally:
            await connection.close()

    async def close(self) -> None:
        await self.proxy.down()
        if self.process.process is not None:
            await self.process.kill()


@pytest.fixture(scope="module")
async def whole(databases: Databases, worker_id: str) -> Databases:
    """A database for services, beside that of the probe."""
    return await create_database(f"{worker_id}_intake_{new_id().hex[-6:]}")


@pytest.fixture
async def intake(whole: Databases, tmp_path: Path) -> AsyncIterator[Intake]:
    made = Intake(whole, tmp_path)
    yield made
    await made.close()


class TestKilledWhileItOwesAnswers:
    async def load_and_kill(self, intake: Intake, *, new_each_time: bool, kills: int) -> Crowd:
        survey_id = await intake.start()
        crowd = Crowd(intake.proxy.url, survey_id, intake.authorization, each=25, new_each_time=new_each_time)
        crowd.start()
        for _ in range(kills):
            await crowd.until_accepted(40)
            await intake.kill(crowd)
        await crowd.done(60)
        return crowd

    async def test_everything_accepted_is_stored_and_told_once(self, intake: Intake) -> None:
        crowd = await self.load_and_kill(intake, new_each_time=False, kills=2)
        stored = Counter(await intake.stored())
        assert sum(crowd.refused.values()) > 0
        assert stored == Counter(crowd.names())
        assert await intake.told() == crowd.wanted

    async def test_clients_who_take_a_new_id_for_each_attempt_would_see_doubles(self, intake: Intake) -> None:
        crowd = await self.load_and_kill(intake, new_each_time=True, kills=1)
        stored = Counter(name.partition("/")[0] for name in await intake.stored())
        assert set(stored) == set(crowd.names())
        assert max(stored.values()) > 1
