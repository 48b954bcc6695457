"""`/v1/relabelings`: reading again what was said before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.survey.relabelings import service
from shared.bus.timers import _claim
from shared.contracts.feedback import FeedbackUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.learning.lessons import correct_all, heard

PATH = "/v1/relabelings"


async def labels(survey: Harness, account: UUID) -> dict[str, tuple[str, list[str]]]:
    shown = (await survey.client(account=account).get("/v1/feedback", params={"limit": 100})).json()["data"]
    return {one["text"]: (one["sentiment"]["label"], [topic["key"] for topic in one["topics"]]) for one in shown}


async def told(survey: Harness, account: UUID) -> list[UUID]:
    updates = [event.data for event in await survey.emitted(account, FeedbackUpdated)]
    return [one.feedback_id for one in updates if isinstance(one, FeedbackUpdated) and one.reason == "relabelled"]


async def start(survey: Harness, account: UUID, **body: Any) -> dict[str, Any]:
    answer = await survey.client(account=account).post(PATH, json=body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_reads_differently_now_is_changed_and_told(survey: Harness, account: UUID) -> None:
    said = ["I love it, great!", "It is what it is.", "Terrible, awful, sad."]
    ids = await heard(survey, account, said)
    survey.clock.advance(timedelta(minutes=1))
    begun = await start(survey, account)
    assert (begun["state"], begun["total"], begun["done"]) == ("running", 3, 0)
    await survey.run_timers()
    done = (await survey.client(account=account).get(f"{PATH}/{begun['id']}")).json()
    assert (done["state"], done["done"], done["changed"], done["kept"]) == ("finished", 3, 2, 0)
    assert {text: label for text, (label, _) in (await labels(survey, account)).items()} == {
        said[0]: "positive",
        said[1]: "neutral",
        said[2]: "negative",
    }
    assert sorted(await told(survey, account)) == sorted([ids[0], ids[2]])


async def test_labels_of_people_stay(survey: Harness, account: UUID) -> None:
    """Seen to fail: without `_labels` looking at who gave them, all are overwritten."""
    said = ["I love it, great!", "The parcel was late, I love it.", "The charger caught fire."]
    love, late, fire = await heard(survey, account, said)
    client = survey.client(account=account)
    await correct_all(client, [love], sentiment="negative")
    await correct_all(client, [late], topics=["taste"])
    await correct_all(client, [fire], urgency="high")
    survey.clock.advance(timedelta(minutes=1))
    begun = await start(survey, account)
    await survey.run_timers()
    done = (await client.get(f"{PATH}/{begun['id']}")).json()
    assert (done["done"], done["kept"]) == (3, 3)
    found = await labels(survey, account)
    assert found["I love it, great!"][0] == "negative"
    assert found["The parcel was late, I love it."] == ("positive", ["taste"])
    assert (await client.get(f"/v1/feedback/{fire}")).json()["urgency"] == {"label": "high", "evidence": []}


async def test_only_what_was_asked_for(survey: Harness, account: UUID) -> None:
    await heard(survey, account, ["Great! one"], channel="email")
    survey.clock.advance(timedelta(days=1))
    await heard(survey, account, ["Great! two"], channel="email")
    await heard(survey, account, ["Great! three"])
    survey.clock.advance(timedelta(days=1))
    since = (survey.clock.now() - timedelta(days=1, hours=1)).isoformat()
    begun = await start(survey, account, **{"from": since, "filter": {"channel": "email"}})
    await survey.run_timers()
    assert begun["total"] == 1
    assert [text for text, (label, _) in (await labels(survey, account)).items() if label == "positive"] == [
        "Great! two"
    ]


async def test_it_goes_on_after_a_crash_where_it_stood(
    survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process dies with a claim in its hands: the next one repeats that piece only."""
    monkeypatch.setattr(service, "PIECE", 2)
    await heard(survey, account, [f"Great! {number}" for number in range(5)])
    survey.clock.advance(timedelta(minutes=1))
    begun = await start(survey, account)
    assert len(await _claim(survey.runtime)) == 1
    survey.clock.advance(timedelta(minutes=2))
    await survey.run_timers()
    done = (await survey.client(account=account).get(f"{PATH}/{begun['id']}")).json()
    assert (done["state"], done["done"], done["changed"]) == ("finished", 5, 5)
    assert len(await told(survey, account)) == 5


async def test_one_at_a_time_and_it_can_be_stopped(survey: Harness, account: UUID) -> None:
    await heard(survey, account, ["Great!"])
    survey.clock.advance(timedelta(minutes=1))
    begun = await start(survey, account)
    client = survey.client(account=account)
    second = await client.post(PATH, json={})
    assert (second.status_code, second.json()["code"]) == (409, "relabeling_running")
    for _ in range(2):
        stopped = await client.post(f"{PATH}/{begun['id']}/stop")
        assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    await survey.run_timers()
    assert (await labels(survey, account))["Great!"][0] == "neutral"
    again = await start(survey, account)
    await survey.run_timers()
    assert (await client.post(f"{PATH}/{again['id']}/stop")).status_code == 409
    assert [one["state"] for one in (await client.get(PATH)).json()["data"]] == ["finished", "stopped"]


async def test_refuses_a_time_that_is_none(survey: Harness, account: UUID) -> None:
    later = (survey.clock.now() + timedelta(days=1)).isoformat()
    refused = await survey.client(account=account).post(PATH, json={"from": later})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/from")
    assert (await survey.client(account=new_id()).get(f"{PATH}/{new_id()}")).status_code == 404
