"""`/v1/emerging-topics`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.survey.emerging import looking
from services.survey.emerging.clustering import grouped
from services.survey.emerging.lessons import Found, Texts
from services.survey.emerging.looking import LOOKING
from services.survey.learning.reading import reader_of
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, open_survey, response_to, understand
from tests.survey.emerging.test_clustering import ALONE
from tests.survey.learning.lessons import heard

PATH = "/v1/emerging-topics"


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes seconds to start, and the tests of fitting have one."""

    async def here(module: str, given: bytes, *, seconds: float, megabytes: int) -> bytes:
        wanted = Texts.model_validate_json(given)
        return Found(groups=grouped(wanted.texts, wanted.least)).model_dump_json().encode()

    monkeypatch.setattr(looking, "run_apart", here)


async def look(survey: Harness, account: UUID) -> list[dict[str, Any]]:
    asked = await survey.client(account=account).post(f"{PATH}/look")
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    await LOOKING.run_due(survey.runtime)
    found: list[dict[str, Any]] = (await survey.client(account=account).get(PATH)).json()["data"]
    return found


async def test_topics_are_found_counted_known_again_and_dismissed(survey: Harness, account: UUID) -> None:
    client = survey.client(account=account)
    assert (await client.get(f"{PATH}/look")).status_code == 404
    lockers = await heard(survey, account, [f"The locker is stuck {number}" for number in range(12)])
    survey.clock.advance(timedelta(days=7))
    await heard(survey, account, [f"{number}: no parking space" for number in range(6)])
    await heard(survey, account, list(ALONE))
    await heard(survey, account, ["The locker is late"] * 3, topics=[{"key": "delivery", "evidence": ["late"]}])
    found = await look(survey, account)
    assert [(topic["size"], topic["state"]) for topic in found] == [(12, "open"), (6, "open")]
    assert "locker" in found[0]["name"]
    assert {UUID(one) for one in found[0]["examples"]} <= set(lockers)
    assert found[0]["weeks"] == [{"week": "2026-03-02", "count": 12}]
    assert found[1]["weeks"] == [{"week": "2026-03-09", "count": 6}]
    looked = (await client.get(f"{PATH}/look")).json()
    assert (looked["state"], looked["texts"], looked["note"]) == ("ready", 24, None)

    dismissed = await client.post(f"{PATH}/{found[1]['id']}/dismiss")
    assert (dismissed.status_code, dismissed.json()["state"]) == (200, "dismissed")
    await heard(survey, account, ["Again: the locker is stuck", "The locker is stuck, too!"])
    again = await look(survey, account)
    assert [(topic["id"], topic["size"]) for topic in again] == [(found[0]["id"], 14)]
    kept = (await client.get(PATH, params={"state": "dismissed"})).json()["data"]
    assert [topic["id"] for topic in kept] == [found[1]["id"]]
    wanted = {"key": "lockers", "name": "Lockers"}
    adopted = await client.post(f"{PATH}/{found[0]['id']}/adopt", json=wanted)
    assert (adopted.status_code, adopted.json()["adopted_as"]) == (200, "lockers")
    assert (await client.post(f"{PATH}/{found[0]['id']}/adopt", json=wanted)).status_code == 409
    async with survey.work(account) as work:
        read = (await reader_of(work)).read("The locker is stuck for good.", rating=None, language_hint="en")
    assert "lockers" in [topic.key for topic in read.topics]
    # What is over goes, and nobody else sees any of it.
    survey.clock.advance(timedelta(days=100))
    assert await look(survey, account) == []
    other = survey.client(account=new_id())
    assert (await other.get(PATH, params={"state": "dismissed"})).json()["data"] == []


async def test_a_look_follows_within_a_day_of_something_without_a_topic(survey: Harness, account: UUID) -> None:
    """However much is said meanwhile: what is due is not put off."""
    client = survey.client(account=account)
    live = await open_survey(client)
    for number in range(2):
        body = response_to(live, f"s-{number}", answers=answers(3, "Hmm, well."))
        await client.post("/v1/responses", json=body)
        await understand(survey, account)
        survey.clock.advance(timedelta(hours=13))
        await survey.run_timers()
    assert (await client.get(f"{PATH}/look")).json()["state"] == "waiting"


async def test_one_look_at_a_time(survey: Harness, account: UUID) -> None:
    client = survey.client(account=account)
    first = (await client.post(f"{PATH}/look")).json()
    survey.clock.advance(timedelta(minutes=5))
    assert (await client.post(f"{PATH}/look")).json()["requested_at"] == first["requested_at"]
    agent = survey.client("feedback:read", "feedback:write", account=account)
    assert (await agent.post(f"{PATH}/look")).status_code == 403
