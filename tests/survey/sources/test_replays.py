"""What was kept is read again, by the present settings; nothing is heard twice by it, and old things go.

Seen to fail: the replay without its state reset, the retention without its bound.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.feedback import FeedbackReceived
from shared.testing.harness import Harness
from tests.survey.sources.toy import Toy, connected, read_all, review, send


@pytest.fixture
def client(survey: Harness, account: UUID) -> httpx.AsyncClient:
    return survey.client(account=account)


async def replay(survey: Harness, client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    now = survey.clock.now()
    span = {"from": (now - timedelta(days=1)).isoformat(), "to": (now + timedelta(seconds=1)).isoformat()}
    answer = await client.post(f"{path}/replay", json=span)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestAReplay:
    async def test_reads_all_of_a_time_again(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient, toy: Toy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        source = await connected(client)
        path = f"/v1/sources/{source['id']}"
        for body in (review(), review(), b"id;stars;text"):
            await send(survey, source, body)
        await read_all(survey, account)
        monkeypatch.setattr(Toy, "parse", lambda self, received, connection: [])
        begun = await replay(survey, client, path)
        assert (begun["state"], begun["total"], begun["read"]) == ("running", 3, 0)
        again = await client.post(f"{path}/replay", json={"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"})
        assert (again.status_code, again.json()["code"]) == (409, "already_replaying")
        await survey.run_timers()
        assert (await client.get(path)).json()["waiting"] == 3
        await read_all(survey, account)
        survey.clock.advance(timedelta(minutes=1))
        await survey.run_timers()
        done = (await client.get(f"{path}/replays/{begun['id']}")).json()
        assert (done["state"], done["read"], done["quarantined"]) == ("done", 3, 0)
        [listed] = (await client.get(f"{path}/replays")).json()["data"]
        assert listed == done
        # The former two reviews were heard when they came; reading them again told nobody anything.
        assert len(await survey.emitted(account, FeedbackReceived)) == 2

    async def test_of_one_is_done_at_once(self, survey: Harness, account: UUID, client: httpx.AsyncClient) -> None:
        source = await connected(client)
        await send(survey, source, b"id;stars;text")
        await read_all(survey, account)
        path = f"/v1/sources/{source['id']}/deliveries"
        [kept] = (await client.get(path)).json()["data"]
        answer = await client.post(f"{path}/{kept['id']}/retry")
        assert (answer.status_code, answer.json()["state"]) == (200, "quarantined")


class TestADryRun:
    async def test_shows_what_would_be_heard_and_hears_nothing(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        source = await connected(client)
        path = f"/v1/sources/{source['id']}/dry-run"
        sample = {"body": review(id="r-1").decode(), "settings": {"channel": "app"}}
        tried = (await client.post(path, json=sample)).json()
        [item] = tried["items"]
        assert (item["what"], item["external_id"], item["channel"], item["rating"]["value"]) == (
            "feedback",
            "r-1",
            "app",
            "2",
        )
        assert (tried["problem"], tried["hints"]) == (None, [])
        unreadable = (await client.post(path, json={"body": "id;stars"})).json()
        assert unreadable == {"items": [], "hints": [], "problem": "This is no JSON.", "fields": []}
        wrong = await client.post(path, json=sample | {"settings": {"chanel": "app"}})
        assert wrong.json()["errors"][0]["pointer"] == "/settings/chanel"
        assert await survey.emitted(account, FeedbackReceived) == []


class TestTime:
    async def test_takes_away_what_is_older_than_ninety_days(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        source = await connected(client)
        await send(survey, source)
        survey.clock.advance(timedelta(days=89))
        await send(survey, source)
        await survey.run_timers()
        path = f"/v1/sources/{source['id']}/deliveries"
        assert len((await client.get(path)).json()["data"]) == 2
        survey.clock.advance(timedelta(days=2))
        await survey.run_timers()
        assert len((await client.get(path)).json()["data"]) == 1
