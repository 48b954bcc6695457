"""`POST /v1/responses`: the intake."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from shared.contracts.survey import ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, make_survey, open_survey, response_to

PATH = "/v1/responses"


class TestAccess:
    async def test_needs_a_credential(self, survey: Harness) -> None:
        assert (await survey.anonymous().post(PATH, json={})).status_code == 401

    async def test_another_accounts_survey_is_unknown(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=new_id()).post(PATH, json=response_to(live))
        assert answer.status_code == 422
        assert answer.json()["errors"][0] == {
            "pointer": "/survey_id",
            "code": "unknown_survey",
            "detail": "There is no such survey here.",
        }

    async def test_needs_the_scope_to_write(self, survey: Harness, account: UUID) -> None:
        reader = survey.client("responses:read", account=account)
        assert (await reader.post(PATH, json={})).status_code == 403


class TestAccepting:
    async def test_stores_it_and_tells_the_others(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, touchpoint="delivery")
        body = response_to(
            live,
            answers=answers(3, "Too late."),
            customer={"email": " Ana@Example.com", "phone": "+351 912 345 678"},
            channel="web",
            dimensions={"store": "12"},
            language="pt",
            occurred_at="2026-03-01T10:00:00+01:00",
        )
        accepted = await client.post(PATH, json=body)
        assert accepted.status_code == 201
        assert accepted.json()["duplicate"] is False
        stored = (await client.get(f"{PATH}/{accepted.json()['id']}")).json()
        [event] = await survey.emitted(account, ResponseReceived)
        received = event.data
        assert isinstance(received, ResponseReceived)
        assert (stored["score"], stored["answers"]) == (3, body["answers"])
        assert (stored["channel"], stored["touchpoint"], stored["language"]) == ("web", "delivery", "pt")
        assert (stored["occurred_at"], stored["received_at"]) == ("2026-03-01T09:00:00Z", "2026-03-02T09:00:00Z")
        assert received.customer is not None
        assert (received.customer.email, received.customer.phone) == ("ana@example.com", "+351912345678")
        assert (str(received.response_id), received.touchpoint) == (stored["id"], "delivery")
        assert (event.subject, str(event.actor)) == (received.response_id, "human:tester")

    async def test_a_part_may_lack_what_a_whole_answer_needs(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        only_comment = [{"question": "comment", "value": "Hm."}]
        refused = await client.post(PATH, json=response_to(live, answers=only_comment))
        assert [error["code"] for error in refused.json()["errors"]] == ["missing_answer"]
        part = await client.post(PATH, json=response_to(live, answers=only_comment, completed=False))
        assert part.status_code == 201


class TestTheSameSubmission:
    async def test_is_one_response_and_the_first_one_stays(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        first = await client.post(PATH, json=response_to(live, "same", answers=answers(2)))
        again = await client.post(PATH, json=response_to(live, "same", answers=answers(10)))
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.json() == first.json() | {"duplicate": True}
        assert [item["score"] for item in (await client.get(PATH)).json()["data"]] == [2]

    async def test_two_hundred_at_once_are_one_response_and_one_event(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        given = await asyncio.gather(*(client.post(PATH, json=response_to(live, "same")) for _ in range(200)))
        assert sorted(answer.status_code for answer in given) == [200] * 199 + [201]
        assert len({answer.json()["id"] for answer in given}) == 1
        assert len((await client.get(PATH)).json()["data"]) == 1
        assert len(await survey.emitted(account, ResponseReceived)) == 1

    async def test_is_another_response_for_another_survey(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        for _ in range(2):
            live = await open_survey(client)
            assert (await client.post(PATH, json=response_to(live, "same"))).status_code == 201

    async def test_is_another_response_in_another_account(self, survey: Harness, account: UUID) -> None:
        for owner in (account, new_id()):
            client = survey.client(account=owner)
            live = await open_survey(client)
            assert (await client.post(PATH, json=response_to(live, "same"))).status_code == 201


class TestIdempotencyKey:
    async def test_replays_the_stored_answer(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        key = {"Idempotency-Key": "k-1"}
        first = await client.post(PATH, json=response_to(live, 'with "quotes" é'), headers=key)
        again = await client.post(PATH, json=response_to(live, 'with "quotes" é'), headers=key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
        assert again.content == first.content

    async def test_refuses_another_body_and_stores_nothing_of_it(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        key = {"Idempotency-Key": "k-1"}
        await client.post(PATH, json=response_to(live, "one"), headers=key)
        other = await client.post(PATH, json=response_to(live, "two"), headers=key)
        assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "key_reused")
        assert len((await client.get(PATH)).json()["data"]) == 1

    async def test_belongs_to_one_caller_of_one_account(self, survey: Harness, account: UUID) -> None:
        key = {"Idempotency-Key": "k-1"}
        for owner in (account, new_id()):
            client = survey.client(account=owner)
            live = await open_survey(client)
            assert (await client.post(PATH, json=response_to(live), headers=key)).status_code == 201

    async def test_remembers_the_answer_to_a_duplicate_as_well(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        first = await client.post(PATH, json=response_to(live))
        for replayed in (None, "true"):
            again = await client.post(PATH, json=response_to(live), headers={"Idempotency-Key": "k"})
            assert (again.status_code, again.json()) == (200, first.json() | {"duplicate": True})
            assert again.headers.get("idempotent-replayed") == replayed

    async def test_used_a_hundred_times_at_once_holds(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)

        async def send(number: int) -> int:
            body = response_to(live, f"s-{number % 2}")
            return (await client.post(PATH, json=body, headers={"Idempotency-Key": "k"})).status_code

        statuses = await asyncio.gather(*(send(number) for number in range(100)))
        assert sorted(set(statuses)) == [201, 422]
        assert len((await client.get(PATH)).json()["data"]) == 1


class TestRefusing:
    @pytest.mark.parametrize(
        ("change", "pointer", "code"),
        [
            ({"answers": answers(11)}, "/answers/0/value", "out_of_range"),
            ({"answers": answers(-1)}, "/answers/0/value", "out_of_range"),
            ({"answers": answers(10**30)}, "/answers/0/value", "out_of_range"),
            ({"answers": answers("9")}, "/answers/0/value", "not_a_number"),
            ({"answers": answers(9.0)}, "/answers/0/value", "not_a_number"),
            ({"answers": answers(True)}, "/answers/0/value", "not_a_number"),
            ({"answers": answers(None)}, "/answers/0/value", "not_a_number"),
            ({"answers": answers(9, 5)}, "/answers/1/value", "not_a_text"),
            ({"answers": answers(9, "x" * 5_001)}, "/answers/1/value", "too_long"),
            ({"answers": [*answers(9), *answers(8)]}, "/answers/1/question", "answered_twice"),
            ({"answers": [{"question": "colour", "value": 1}]}, "/answers/0/question", "unknown_question"),
            ({"answers": []}, "/answers", "too_short"),
            ({"answers": answers(9, "a\x00b")}, "/answers/1/value", "nul"),
            ({"submission_id": ""}, "/submission_id", "string_too_short"),
            ({"submission_id": "a\x00b"}, "/submission_id", "nul"),
            ({"survey_id": "x"}, "/survey_id", "uuid_parsing"),
            ({"customer": {}}, "/customer", "value_error"),
            ({"customer": {"email": "nobody"}}, "/customer/email", "value_error"),
            ({"customer": {"phone": "0171 2345"}}, "/customer/phone", "value_error"),
            ({"completed": "yes"}, "/completed", "bool_type"),
            ({"channel": "Web Site"}, "/channel", "string_pattern_mismatch"),
            ({"dimensions": {"store": 12}}, "/dimensions/store", "string_type"),
            ({"occurred_at": "2026-03-02T09:00:00"}, "/occurred_at", "timezone_aware"),
            ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at", "greater_than_equal"),
            ({"occurred_at": 5}, "/occurred_at", "datetime_type"),
            ({"colour": "red"}, "/colour", "extra_forbidden"),
        ],
    )
    async def test_names_the_field_and_stores_nothing(
        self, survey: Harness, account: UUID, change: dict[str, Any], pointer: str, code: str
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        refused = await client.post(PATH, json=response_to(live) | change)
        assert refused.status_code == 422
        assert (pointer, code) in [(error["pointer"], error["code"]) for error in refused.json()["errors"]]
        assert (await client.get(PATH)).json()["data"] == []

    async def test_what_has_not_happened_yet(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        tomorrow = survey.clock.now() + timedelta(days=1)
        for moment, status in ((tomorrow, 201), (tomorrow + timedelta(seconds=1), 422)):
            body = response_to(live, str(moment), occurred_at=moment.isoformat())
            assert (await client.post(PATH, json=body)).status_code == status

    @pytest.mark.parametrize(
        "raw",
        [b"", b"{", b"[1", b"\xff\xfe", b"[" * 10_000, b'{"survey_id": "\\ud800"}'],
    )
    async def test_what_is_no_json_with_400(self, survey: Harness, account: UUID, raw: bytes) -> None:
        refused = await survey.client(account=account).post(PATH, content=raw)
        assert (refused.status_code, refused.json()["code"]) == (400, "unreadable")

    async def test_a_body_of_ten_megabytes(self, survey: Harness, account: UUID) -> None:
        refused = await survey.client(account=account).post(PATH, content=b" " * 10_000_000)
        assert refused.status_code == 413

    async def test_a_draft(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        draft = await make_survey(client)
        refused = await client.post(PATH, json=response_to(draft))
        assert (refused.status_code, refused.json()["code"]) == (409, "survey_closed")

    async def test_but_not_six_characters_that_only_look_like_nul(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        body = response_to(live, answers=answers(9, r"C:\u0000"))
        assert rb"\u0000" in orjson.dumps(body)
        assert (await client.post(PATH, json=body)).status_code == 201
