"""What the intake may do in the database, and what it does when there is too much or no database."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import httpx
import pytest

from services.survey.app import SERVICE
from services.survey.db import INTAKE_ROLE
from shared.service import open_runtime
from shared.testing.clock import FrozenClock
from shared.testing.databases import Databases
from shared.testing.harness import Harness
from shared.testing.lifespan import running
from shared.testing.proxy import Proxy, proxied
from tests.conftest import HarnessFactory
from tests.survey.building import open_survey, response_to

PATH = "/v1/responses"


class TestTheIntakesRole:
    @pytest.fixture
    async def intake_role(self, survey: Harness) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(survey.runtime.settings.role_url(INTAKE_ROLE))
        yield connection
        await connection.close()

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from survey.responses",
            "select * from survey.outbox",
            "select * from survey.idempotency_keys",
            "select * from survey.invitations",
            "select * from survey.sources",
            "select * from survey.deliveries",
            "select * from survey.source_at('x')",
            "delete from survey.responses",
            "insert into survey.outbox (event_id) values (gen_random_uuid())",
            "create table survey.mine ()",
        ],
    )
    async def test_reads_and_writes_no_table(self, intake_role: asyncpg.Connection, statement: str) -> None:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await intake_role.execute(statement)

    async def test_is_the_only_one_that_may_hand_in(self, survey: Harness, databases: Databases) -> None:
        admin = await asyncpg.connect(databases.url)
        try:
            granted = await admin.fetch(
                "select grantee from information_schema.routine_privileges "
                "where routine_name = 'accept_responses' and grantee <> current_user"
            )
        finally:
            await admin.close()
        assert {row["grantee"] for row in granted} == {INTAKE_ROLE}


class TestOverload:
    async def test_is_refused_early_and_told_when_to_come_back(self, harness: HarnessFactory, account: UUID) -> None:
        survey = await harness(SERVICE, survey_intake_waiting=5)
        client = survey.client(account=account)
        live = await open_survey(client)
        given = await asyncio.gather(*(client.post(PATH, json=response_to(live, f"s-{n}")) for n in range(150)))
        statuses = [answer.status_code for answer in given]
        assert set(statuses) == {201, 429}
        refused = next(answer for answer in given if answer.status_code == 429)
        assert refused.headers["retry-after"] == "1"
        stored = (await client.get(PATH, params={"limit": 1000})).json()["data"]
        assert len(stored) == statuses.count(201)


class TestAnOutageOfTheDatabase:
    @pytest.fixture
    async def broken(self, databases: Databases) -> AsyncIterator[tuple[Harness, Proxy]]:
        """The service, with a proxy before its database that can be cut."""
        await databases.prepare(SERVICE)
        async with proxied(databases.url, 5432) as proxy:
            settings = databases.settings(SERVICE, database_url=proxy.url, survey_contact_wait_seconds=0)
            runtime = open_runtime(SERVICE, settings, clock=FrozenClock())
            app = SERVICE.create_app(runtime)
            async with running(app):
                survey = Harness(runtime, app, runtime.clock, databases.signer)  # type: ignore[arg-type]
                yield survey, proxy
                await proxy.up()
                await survey.close()

    async def test_is_answered_with_503_and_ends_by_itself(self, broken: tuple[Harness, Proxy], account: UUID) -> None:
        survey, proxy = broken
        client = survey.client(account=account)
        live = await open_survey(client)
        assert (await client.post(PATH, json=response_to(live, "before"))).status_code == 201
        await proxy.down()
        refused = await client.post(PATH, json=response_to(live, "while"))
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) >= 1
        await proxy.up()
        assert await _accepted_again(client, response_to(live, "after"))
        stored = [item["submission_id"] for item in (await client.get(PATH)).json()["data"]]
        assert set(stored) == {"before", "after"}

    async def test_gets_respondents_a_friendly_page(self, broken: tuple[Harness, Proxy], account: UUID) -> None:
        survey, proxy = broken
        client = survey.client(account=account)
        live = await open_survey(client)
        url = (await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]
        await proxy.down()
        page = await survey.anonymous().post(httpx.URL(url).path, data={"score": "9"})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert "try again" in page.text


async def _accepted_again(client: httpx.AsyncClient, body: dict[str, object]) -> bool:
    async with asyncio.timeout(10):
        while (await client.post(PATH, json=body)).status_code not in (200, 201):
            await asyncio.sleep(0.05)
    return True
