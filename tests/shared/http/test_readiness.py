"""`/readyz` about the schema. Seen to fail: with any other revision than the code's own counted as trouble."""

from typing import Any

import pytest

from services.notifier.app import SERVICE
from shared.db.migrations import revisions_of
from shared.testing.harness import Harness

HEAD = revisions_of(SERVICE)[0]


@pytest.fixture
async def notifier(harness: Any) -> Harness:
    made: Harness = await harness(SERVICE)
    return made


async def database_of(service: Harness) -> dict[str, Any]:
    answer = (await service.anonymous().get("/readyz")).json()
    found: dict[str, Any] = next(check for check in answer["checks"] if check["name"] == "database")
    return found


class TestReadiness:
    async def test_with_the_schema_that_the_code_knows(self, notifier: Harness) -> None:
        assert await database_of(notifier) == {"name": "database", "ok": True, "detail": None}

    async def test_fails_before_the_migrations(self, notifier: Harness) -> None:
        notifier.runtime.state["revisions"] = ["next", HEAD]
        found = await database_of(notifier)
        assert not found["ok"]
        assert "run migrate" in found["detail"]

    async def test_goes_on_while_newer_code_is_being_rolled_out(self, notifier: Harness) -> None:
        notifier.runtime.state["revisions"] = ["before"]
        found = await database_of(notifier)
        assert found["ok"]
        assert "newer" in found["detail"]
