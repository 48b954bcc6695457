"""`/v1/attempts`: displayed, started, dismissed, kept apart."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.contracts.survey import AttemptObserved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import open_survey

PATH = "/v1/attempts"


def seen(survey: dict[str, Any], state: str = "displayed", submission: str = "a-1", **fields: Any) -> dict[str, Any]:
    return {"survey_id": survey["id"], "submission_id": submission, "state": state} | fields


class TestAccess:
    async def test_needs_a_credential(self, survey: Harness) -> None:
        assert (await survey.anonymous().post(PATH, json={})).status_code == 401
        assert (await survey.anonymous().get(PATH)).status_code == 401

    async def test_another_accounts_attempts_are_not_there(self, survey: Harness, account: UUID) -> None:
        client, stranger = survey.client(account=account), survey.client(account=new_id())
        live = await open_survey(client)
        attempt = (await client.post(PATH, json=seen(live))).json()
        assert (await stranger.get(f"{PATH}/{attempt['id']}")).status_code == 404
        assert (await stranger.get(PATH)).json()["data"] == []
        assert (await stranger.post(PATH, json=seen(live))).status_code == 422

    async def test_needs_the_scope_to_write(self, survey: Harness, account: UUID) -> None:
        reader = survey.client("responses:read", account=account)
        assert (await reader.post(PATH, json={})).status_code == 403


class TestObserving:
    async def test_each_state_is_told_once_and_only_forward(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, touchpoint="delivery")
        attempt: dict[str, Any] = {}
        for state in ("displayed", "displayed", "started", "displayed", "dismissed", "started"):
            survey.clock.advance(timedelta(seconds=1))
            answer = await client.post(PATH, json=seen(live, state, dimensions={"store": "12"}))
            assert answer.status_code == 200, answer.text
            attempt = answer.json()
        told = await survey.emitted(account, AttemptObserved)
        assert [(event.data.state, event.aggregate_version) for event in told] == [  # type: ignore[attr-defined]
            ("displayed", 1),
            ("started", 2),
            ("dismissed", 3),
        ]
        assert (attempt["state"], attempt["touchpoint"]) == ("dismissed", "delivery")
        assert attempt["displayed_at"] < attempt["started_at"] < attempt["dismissed_at"]
        assert attempt["ended_at"] is None

    async def test_a_question_is_seen_or_skipped_and_a_late_packet_takes_no_time_back(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post(PATH, json=seen(live, seen={"score": 2_000, "comment": 500}, last_question="comment"))
        late = await client.post(PATH, json=seen(live, seen={"score": 1_500}))
        assert late.json()["last_question"] == "comment"
        assert late.json()["questions"] == [
            {"question": "score", "state": "skipped", "milliseconds": 2_000},
            {"question": "comment", "state": "seen", "milliseconds": 500},
        ]

    async def test_an_unknown_question_is_named(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        refused = await client.post(PATH, json=seen(live, seen={"nope": 1}))
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/seen/nope"

    async def test_lists_by_state(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post(PATH, json=seen(live, "displayed", "a-1"))
        await client.post(PATH, json=seen(live, "dismissed", "a-2"))
        found = (await client.get(PATH, params={"state": "dismissed", "survey_id": live["id"]})).json()["data"]
        assert [attempt["submission_id"] for attempt in found] == ["a-2"]
        assert len((await client.get(PATH)).json()["data"]) == 2
