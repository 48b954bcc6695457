"""Answers that come in parts: one submission id, one response, told when it is whole."""

from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from shared.contracts.feedback import FeedbackReceived, FeedbackUpdated
from shared.contracts.survey import ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, open_survey, response_to, understand
from tests.survey.definition.making import page, question

PATH = "/v1/responses"


def part(survey: dict[str, Any], *given: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return response_to(survey, answers=list(given), completed=False, **fields)


async def custom(client: httpx.AsyncClient, *pages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return await open_survey(client, kind="custom", definition={"locales": ["en"], "pages": list(pages)} | fields)


class TestParts:
    async def test_grow_into_one_response_which_then_stays(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        first = await client.post(PATH, json=part(live, {"question": "comment", "value": "Hm"}))
        second = await client.post(PATH, json=part(live, {"question": "comment", "value": "Hm, well."}))
        whole = await client.post(PATH, json=response_to(live, answers=answers(9, "Good.")))
        again = await client.post(PATH, json=response_to(live, answers=answers(2, "Changed my mind.")))
        late = await client.post(PATH, json=part(live, {"question": "comment", "value": "late"}))
        assert [one.status_code for one in (first, second, whole, again, late)] == [201, 200, 200, 200, 200]
        assert [one.json()["duplicate"] for one in (first, second, whole, again, late)] == [False] * 3 + [True] * 2
        assert len({one.json()["id"] for one in (first, second, whole, again, late)}) == 1
        stored = (await client.get(f"{PATH}/{first.json()['id']}")).json()
        assert (stored["completed"], stored["answers"]) == (True, answers(9, "Good."))
        told = await survey.emitted(account, ResponseReceived)
        assert [(event.aggregate_version, event.data.completed) for event in told] == [  # type: ignore[attr-defined]
            (1, False),
            (2, False),
            (3, True),
        ]

    async def test_are_one_feedback_that_is_told_of_again(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post(PATH, json=part(live, {"question": "score", "value": 2}))
        await understand(survey, account)
        await client.post(PATH, json=response_to(live, answers=answers(3, "Too late.")))
        await understand(survey, account)
        [received] = await survey.emitted(account, FeedbackReceived)
        [updated] = await survey.emitted(account, FeedbackUpdated)
        assert isinstance(received.data, FeedbackReceived)
        assert isinstance(updated.data, FeedbackUpdated)
        assert (updated.data.reason, updated.data.text, updated.aggregate_version) == ("completed", "Too late.", 2)
        assert updated.subject == received.subject
        assert (received.data.completed, updated.data.completed) == (False, True)

    async def test_by_pages_heed_knows_when_it_is_complete(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await custom(client, page("one", question("name")), page("two", question("why")))
        body = part(live, {"question": "name", "value": "Ana"}, left=["one"])
        await client.post(PATH, json=body)
        whole = [{"question": "name", "value": "Ana"}, {"question": "why", "value": "So."}]
        last = await client.post(PATH, json=part(live, *whole, left=["one", "two"]))
        stored = (await client.get(f"{PATH}/{last.json()['id']}")).json()
        assert stored["completed"] is True

    async def test_another_accounts_part_is_another_response(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post(PATH, json=part(live, {"question": "comment", "value": "Hm"}))
        stranger = survey.client(account=new_id())
        assert (await stranger.post(PATH, json=response_to(live))).status_code == 422

    async def test_an_idempotency_key_gives_the_same_answer_again(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        body, key = part(live, {"question": "comment", "value": "Hm"}), {"Idempotency-Key": "k-1"}
        first = await client.post(PATH, json=body, headers=key)
        again = await client.post(PATH, json=body, headers=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        other = await client.post(PATH, json=part(live, {"question": "comment", "value": "x"}), headers=key)
        assert other.json()["errors"][0]["code"] == "key_reused"

    async def test_in_bulk_a_part_is_completed_too(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        bodies = [part(live, {"question": "comment", "value": "Hm"}), response_to(live), response_to(live, "s-2")]
        result = (await client.post(f"{PATH}/bulk", json={"responses": bodies})).json()
        assert (result["created"], result["duplicates"], result["failed"]) == (3, 0, 0)
        assert len((await client.get(PATH)).json()["data"]) == 2

    async def test_in_bulk_one_that_is_refused_stops_no_other(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await custom(client, page("one", question("photo", "file"), question("name")))
        stray = {"question": "photo", "value": [str(new_id())]}
        bodies = [
            response_to(live, "s-1", answers=[stray]),
            response_to(live, "s-2", answers=[{"question": "name", "value": "Ana"}]),
        ]
        lines = b"\n\n".join(orjson.dumps(body) for body in bodies)
        headers = {"Content-Type": "application/x-ndjson"}
        result = (await client.post(f"{PATH}/bulk", content=lines, headers=headers)).json()
        assert (result["created"], result["failed"]) == (1, 1)
        [failed] = result["data"]
        assert (failed["index"], failed["line"], failed["errors"][0]["code"]) == (0, 1, "unknown_file")


class TestHiddenFields:
    async def test_are_kept_and_those_marked_become_dimensions(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        fields = [{"key": "plan", "dimension": True}, {"key": "note"}]
        live = await open_survey(
            client,
            kind="custom",
            definition={"locales": ["en"], "pages": [page("one", question("name"))], "hidden_fields": fields},
        )
        given: dict[str, Any] = {
            "hidden": {"plan": "pro", "note": "x"},
            "answers": [{"question": "name", "value": "Ana"}],
        }
        accepted = await client.post(PATH, json=response_to(live, **given))
        [event] = await survey.emitted(account, ResponseReceived)
        assert isinstance(event.data, ResponseReceived)
        assert (event.data.hidden, event.data.dimensions) == ({"plan": "pro", "note": "x"}, {"plan": "pro"})
        assert accepted.status_code == 201
        refused = await client.post(PATH, json=response_to(live, "s-2", **given | {"hidden": {"nope": "1"}}))
        assert refused.json()["errors"][0]["pointer"] == "/hidden/nope"

    async def test_need_not_be_repeated_with_each_part(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        first = part(live, {"question": "comment", "value": "Hm"}, dimensions={"store": "12"})
        await client.post(PATH, json=first)
        await client.post(PATH, json=response_to(live))
        [stored] = (await client.get(PATH)).json()["data"]
        assert stored["dimensions"] == {"store": "12"}


class TestSource:
    @pytest.mark.parametrize(
        ("url", "kept"),
        [
            ("https://shop.example/cart?token=secret&utm_source=mail#top", "https://shop.example/cart?utm_source=mail"),
            ("https://ana:secret@shop.example:8443/", "https://shop.example:8443/"),
            ("javascript:alert(1)", None),
            ("https://[", None),
        ],
    )
    async def test_keeps_no_secret_of_an_address(
        self, survey: Harness, account: UUID, url: str, kept: str | None
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        accepted = await client.post(PATH, json=response_to(live, source={"url": url}))
        stored = (await client.get(f"{PATH}/{accepted.json()['id']}")).json()
        assert stored["source"] == ({"url": kept} if kept else {})


class TestOlderVersions:
    async def test_are_answered_as_they_were_shown(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await custom(client, page("one", question("old")))
        changed = {"definition": {"locales": ["en"], "pages": [page("one", question("new"))]}}
        await client.patch(f"/v1/surveys/{live['id']}", json=changed)
        await client.post(f"/v1/surveys/{live['id']}/publish")
        said = [{"question": "old", "value": "Yes."}]
        refused = await client.post(PATH, json=response_to(live, answers=said))
        assert refused.json()["errors"][0]["code"] == "unknown_question"
        accepted = await client.post(PATH, json=response_to(live, answers=said, survey_version=1))
        stored = (await client.get(f"{PATH}/{accepted.json()['id']}")).json()
        assert (stored["survey_version"], stored["answers"]) == (1, said)
        unknown = await client.post(PATH, json=response_to(live, "s-2", answers=said, survey_version=7))
        assert unknown.json()["errors"][0]["pointer"] == "/survey_version"
        bulk = [response_to(live, "s-3", answers=said, survey_version=1)]
        result = (await client.post(f"{PATH}/bulk", json={"responses": bulk})).json()
        assert (result["created"], result["failed"]) == (1, 0)
