"""`/v1/feedback`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.feedback import FeedbackUpdated
from shared.contracts.labels import Urgency
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, know_customer, open_survey, response_to, understand

PATH = "/v1/feedback"


async def some_feedback(survey: Harness, account: UUID, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """Said in this order, an hour apart; as the list shows it."""
    client = survey.client(account=account)
    live = await open_survey(client)
    start = survey.clock.now() - timedelta(days=10)
    for number, body in enumerate(bodies or ({},)):
        said = {"occurred_at": (start + timedelta(hours=number)).isoformat()} | body
        await client.post("/v1/responses", json=response_to(live, f"s-{number}") | said)
    await understand(survey, account)
    shown: list[dict[str, Any]] = (await client.get(PATH)).json()["data"]
    return shown


class TestAccess:
    async def test_needs_a_credential(self, survey: Harness) -> None:
        one = f"{PATH}/{new_id()}"
        for method, path in (("GET", PATH), ("GET", one), ("PATCH", one)):
            assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    async def test_another_accounts_feedback_is_not_there(self, survey: Harness, account: UUID) -> None:
        [mine] = await some_feedback(survey, account)
        other = survey.client(account=new_id())
        assert (await other.get(PATH)).json()["data"] == []
        for method in ("GET", "PATCH"):
            refused = await other.request(method, f"{PATH}/{mine['id']}", json={})
            assert (refused.status_code, refused.json()["code"]) == (404, "feedback_not_found")

    async def test_reading_does_not_allow_correcting(self, survey: Harness, account: UUID) -> None:
        [mine] = await some_feedback(survey, account)
        reader = survey.client("feedback:read", account=account)
        assert (await reader.patch(f"{PATH}/{mine['id']}", json={})).status_code == 403


class TestReading:
    async def test_the_latest_said_comes_first_page_by_page(self, survey: Harness, account: UUID) -> None:
        shown = await some_feedback(survey, account, *({"answers": answers(score)} for score in range(5)))
        assert [item["rating"]["raw"] for item in shown] == [4, 3, 2, 1, 0]
        client = survey.client("feedback:read", account=account)
        first = (await client.get(PATH, params={"limit": 3})).json()
        rest = (await client.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert first["data"] + rest["data"] == shown
        one = await client.get(f"{PATH}/{shown[0]['id']}")
        assert (one.json(), one.headers["etag"]) == (shown[0], '"1"')

    async def test_filters(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        shown = await some_feedback(
            survey,
            account,
            {"answers": answers(2), "channel": "web"},
            {"answers": answers(8), "customer": {"id": str(ana)}},
            {"answers": answers(10)},
        )
        newest, middle, oldest = (item["id"] for item in shown)

        async def found(**params: Any) -> list[str]:
            answer = await survey.client(account=account).get(PATH, params=params)
            return [item["id"] for item in answer.json()["data"]]

        assert await found(channel="web") == [oldest]
        assert await found(band="positive") == [newest]
        assert await found(customer_id=str(ana)) == [middle]
        assert await found(survey_id=shown[0]["survey_id"], kind="survey") == [newest, middle, oldest]
        assert await found(survey_id=str(new_id())) == []
        assert await found(**{"from": shown[1]["occurred_at"]}) == [newest, middle]
        assert await found(to=shown[1]["occurred_at"]) == [oldest]


class TestCorrecting:
    async def test_a_person_has_the_last_word_on_labels(self, survey: Harness, account: UUID) -> None:
        [mine] = await some_feedback(survey, account, {"answers": answers(2, "The parcel was late.")})
        client = survey.client(account=account)
        change = {"sentiment": "neutral", "topics": ["delivery", "packaging", "delivery"]}
        changed = await client.patch(f"{PATH}/{mine['id']}", json=change, headers={"If-Match": '"1"'})
        assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
        human = {"label": "neutral", "score": 0.0, "method": "human", "evidence": [], "model": None, "mixed": False}
        assert changed.json()["sentiment"] == human
        assert changed.json()["topics"] == [
            {"key": "delivery", "parent": None, "model": None, "evidence": ["parcel", "late"]},
            {"key": "packaging", "parent": "delivery", "model": None, "evidence": []},
        ]
        assert changed.json()["rating"] == mine["rating"]
        stale = await client.patch(f"{PATH}/{mine['id']}", json={"topics": []}, headers={"If-Match": '"1"'})
        assert stale.status_code == 412

    async def test_a_topic_that_is_not_in_the_taxonomy_is_refused(self, survey: Harness, account: UUID) -> None:
        [mine] = await some_feedback(survey, account, {"answers": answers(2, "The parcel was late.")})
        change = {"topics": ["delivery", "gribbles"]}
        refused = await survey.client(account=account).patch(f"{PATH}/{mine['id']}", json=change)
        assert refused.status_code == 422
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [("/topics/1", "unknown_topic")]

    async def test_a_person_says_how_much_it_presses(self, survey: Harness, account: UUID) -> None:
        [mine] = await some_feedback(survey, account, {"answers": answers(2, "I call my lawyer.")})
        assert mine["urgency"] == {"label": "urgent", "evidence": ["lawyer"]}
        client = survey.client(account=account)
        changed = await client.patch(f"{PATH}/{mine['id']}", json={"urgency": "low"})
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        assert changed.json()["urgency"] == {"label": "low", "evidence": []}
        assert (changed.json()["sentiment"], changed.json()["topics"]) == (mine["sentiment"], mine["topics"])
        [low] = (await client.get(PATH, params={"urgency": "low"})).json()["data"]
        assert low["id"] == mine["id"]
        [told] = await survey.emitted(account, FeedbackUpdated)
        assert isinstance(told.data, FeedbackUpdated)
        assert told.data.urgency == Urgency(label="low")

    async def test_stays_while_an_answer_grows_and_its_words_do_not(self, survey: Harness, account: UUID) -> None:
        """Seen to fail: with the machine's urgency taken again in `handlers._UPSERT`."""
        client = survey.client(account=account)
        live = await open_survey(client)
        said = answers(2, "I call my lawyer.")
        await client.post("/v1/responses", json=response_to(live, answers=said, completed=False))
        await understand(survey, account)
        [mine] = (await client.get(PATH)).json()["data"]
        assert (await client.patch(f"{PATH}/{mine['id']}", json={"urgency": "low"})).status_code == 200
        await client.post("/v1/responses", json=response_to(live, answers=said))
        await understand(survey, account)
        [whole] = (await client.get(PATH)).json()["data"]
        assert (whole["completed"], whole["urgency"]) == (True, {"label": "low", "evidence": []})

    async def test_what_is_left_out_stays(self, survey: Harness, account: UUID) -> None:
        [mine] = await some_feedback(survey, account, {"answers": answers(2, "The parcel was late.")})
        changed = await survey.client(account=account).patch(f"{PATH}/{mine['id']}", json={"topics": []})
        assert (changed.json()["topics"], changed.json()["sentiment"]) == ([], mine["sentiment"])

    @pytest.mark.parametrize(
        "change", [{"sentiment": "angry"}, {"urgency": "now"}, {"topics": ["Not a key"]}, {"rating": 5}]
    )
    async def test_nothing_else(self, survey: Harness, account: UUID, change: dict[str, Any]) -> None:
        [mine] = await some_feedback(survey, account)
        refused = await survey.client(account=account).patch(f"{PATH}/{mine['id']}", json=change)
        assert refused.status_code == 422
