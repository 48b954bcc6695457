"""A database that goes away under a whole service: it says so, and goes on by itself when it is back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from services import catalog
from shared.bus.consumer import subscribe
from shared.bus.worker import run_worker
from shared.ids import new_id
from shared.service import open_runtime
from shared.testing.clock import FrozenClock
from shared.testing.databases import Databases, create_database
from shared.testing.harness import Harness
from shared.testing.lifespan import running
from shared.testing.proxy import Proxy, proxied
from tests.chaos.story import hand_in
from tests.shared.bus.probe import until
from tests.system.making import hear_of_account, made
from tests.system.world import World, in_order


@dataclass
class Whole:
    """Both halves of one service, and the way to its database."""

    service: Harness
    proxy: Proxy


@pytest.fixture(scope="module")
async def databases_of_services(databases: Databases, worker_id: str) -> Databases:
    """Beside that of the probe."""
    return await create_database(f"{worker_id}_away_{new_id().hex[-6:]}")


@asynccontextmanager
async def up(databases: Databases, name: str) -> AsyncIterator[Whole]:
    service = catalog.load(name)
    await databases.prepare(service)
    async with proxied(databases.url, 5432) as proxy:
        prefix = f"away-{new_id().hex[-8:]}"
        clock = FrozenClock()
        runtime = open_runtime(
            service, databases.settings(service, database_url=proxy.url, bus_prefix=prefix), clock=clock
        )
        app = service.create_app(runtime)
        async with running(app):
            harness = Harness(runtime, app, clock, databases.signer)
            await subscribe(runtime)
            worker = asyncio.create_task(run_worker(runtime))
            try:
                yield Whole(harness, proxy)
            finally:
                worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker
                await harness.close()


async def status(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> int:
    """Raises `AssertionError` for a 5xx that is not an outage told as such."""
    async with asyncio.timeout(15):
        answer = await client.request(method, path, **options)
    if answer.status_code >= 500:
        assert answer.status_code == 503, answer.text
        assert path == "/readyz" or int(answer.headers["Retry-After"]) > 0
    return answer.status_code


class TestTickets:
    async def test_answers_503_and_is_well_again_by_itself(self, databases_of_services: Databases) -> None:
        async with up(databases_of_services, "tickets") as whole:
            account = new_id()
            await hear_of_account(whole.service, account)
            client, anybody = whole.service.client(account=account), whole.service.anonymous()
            body = {"subject": "The parcel came late"}
            ticket = await made(client, "/v1/tickets", body)

            await whole.proxy.down()
            assert await status(client, "GET", f"/v1/tickets/{ticket['id']}") == 503
            assert await status(client, "POST", "/v1/tickets", json=body) == 503
            assert await status(anybody, "GET", "/livez") == 200
            assert await status(anybody, "GET", "/readyz") == 503

            await whole.proxy.up()

            async def is_ready() -> bool:
                return await status(anybody, "GET", "/readyz") == 200

            await until(is_ready, seconds=30)
            await made(client, "/v1/tickets", body)
            assert len((await client.get("/v1/tickets")).json()["data"]) == 2


class TestSurvey:
    async def test_what_was_accepted_before_is_understood_after(self, databases_of_services: Databases) -> None:
        async with up(databases_of_services, "survey") as whole:
            world = World({"survey": whole.service}, in_order)
            client = whole.service.client(account=world.account)
            survey_id = (await made(client, "/v1/surveys", {"name": "x", "kind": "nps"}))["id"]
            await made(client, f"/v1/surveys/{survey_id}/publish", None, 200)
            for number in range(20):
                await hand_in(world, survey_id, f"before-{number}", 3)
            await whole.proxy.down()
            one = {"survey_id": survey_id, "submission_id": "away", "answers": [{"question": "score", "value": 1}]}
            assert await status(client, "POST", "/v1/responses", json=one) == 503
            await whole.proxy.up()

            async def is_taken() -> bool:
                return await status(client, "POST", "/v1/responses", json=one) in (200, 201)

            await until(is_taken, seconds=30)

            async def all_understood() -> bool:
                answer = await client.get(f"/v1/feedback?survey_id={survey_id}&limit=100")
                return answer.is_success and len(answer.json()["data"]) == 21

            await until(all_understood, seconds=40)
