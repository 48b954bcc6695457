"""The main job, walked as a user would, on both transports: the same steps, the same results."""

import os
from pathlib import Path

import pytest

from shared.testing.databases import DATABASE_SECRET, Databases, create_database
from shared.testing.servers import RABBITMQ_URL
from tests.journeys.heed import running_heed
from tests.journeys.main_job import Journey

TRANSPORTS = ["postgres", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)]


@pytest.fixture
async def empty(request: pytest.FixtureRequest, databases: Databases, worker_id: str) -> Databases:
    """A database without any schema, as an operator hands it over."""
    return await create_database(f"{worker_id}_{request.node.callspec.id}")


class TestMainJob:
    @pytest.mark.slow
    @pytest.mark.parametrize("transport", TRANSPORTS)
    async def test_from_the_question_to_the_score_and_back_after_a_restart(
        self, transport: str, empty: Databases, tmp_path: Path
    ) -> None:
        environment = {
            "HEED_DATABASE_URL": empty.url,
            "HEED_DATABASE_SECRET": DATABASE_SECRET,
            "HEED_RABBITMQ_URL": os.environ[RABBITMQ_URL] if transport == "rabbitmq" else "",
            "HEED_BUS_PREFIX": tmp_path.name.replace("_", "-")[-40:],
            "HEED_RESOLUTION_SURVEY_DELAY_SECONDS": "1",
        }
        async with running_heed(tmp_path / "home", **environment) as heed:
            async with heed.client() as client:
                await Journey(client).walk()
            credentials = heed.credentials()
            assert await heed.stop() == 0, heed.output()
            await heed.start()
            assert heed.credentials() == credentials
            async with heed.client() as client:
                # A second customer on the same installation: nothing of the first walk is in the way.
                await Journey(client).walk()
