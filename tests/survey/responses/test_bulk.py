"""`POST /v1/responses/bulk`: many at once, as JSON, NDJSON or CSV."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from shared.contracts.survey import ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, open_survey, response_to

PATH = "/v1/responses/bulk"
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv"}


async def in_pieces(content: bytes, size: int = 1_000) -> AsyncIterator[bytes]:
    """As a network would bring it."""
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def stored(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/responses", params={"limit": 1000})).json()["data"]
    return found


def counts(answer: httpx.Response) -> tuple[int, int, int, int]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["received"], body["created"], body["duplicates"], body["failed"]


class TestAccess:
    async def test_needs_a_credential(self, survey: Harness) -> None:
        assert (await survey.anonymous().post(PATH, json={"responses": []})).status_code == 401

    async def test_another_accounts_survey_is_unknown(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=new_id()).post(PATH, json={"responses": [response_to(live)]})
        assert counts(answer) == (1, 0, 0, 1)
        assert answer.json()["data"][0]["errors"][0]["code"] == "unknown_survey"


class TestJSON:
    async def test_answers_for_each_item_and_keeps_the_good_ones(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        bad_score = response_to(live, "b", answers=answers(11))
        items = [response_to(live, "a"), bad_score, "nonsense", response_to(live, "a"), response_to(live, "c")]
        answer = await client.post(PATH, json={"responses": items})
        assert counts(answer) == (5, 2, 1, 2)
        first, second, third, fourth, fifth = answer.json()["data"]
        assert [item["status"] for item in answer.json()["data"]] == [
            "created",
            "failed",
            "failed",
            "duplicate",
            "created",
        ]
        assert fourth["id"] == first["id"] != fifth["id"]
        assert second["errors"][0]["pointer"] == "/answers/0/value"
        assert third["errors"][0]["code"] == "model_type"
        assert len(await stored(client)) == len(await survey.emitted(account, ResponseReceived)) == 2

    async def test_a_nul_spoils_only_its_own_item(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        items = [response_to(live, "a", answers=answers(1, "\x00")), response_to(live, "b")]
        answer = await client.post(PATH, json={"responses": items})
        assert counts(answer) == (2, 1, 0, 1)
        assert answer.json()["data"][0]["errors"][0] == {
            "pointer": "/answers/1/value",
            "code": "nul",
            "detail": "Contains a NUL character; remove it.",
        }

    async def test_a_closed_survey_is_told_for_each_of_its_items(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live, closed = await open_survey(client), await open_survey(client)
        await client.post(f"/v1/surveys/{closed['id']}/pause")
        answer = await client.post(PATH, json=[response_to(closed, "a"), response_to(live, "b")])
        assert counts(answer) == (2, 1, 0, 1)
        assert answer.json()["data"][0]["errors"][0]["code"] == "survey_closed"

    @pytest.mark.parametrize("body", [{}, {"responses": 5}, {"responses": []}, {"responses": [1] * 1_001}, 5])
    async def test_refuses_what_is_no_list_of_up_to_a_thousand(
        self, survey: Harness, account: UUID, body: object
    ) -> None:
        refused = await survey.client(account=account).post(PATH, json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/responses")

    @pytest.mark.parametrize("raw", [b"", b"{", b"[" * 10_000])
    async def test_refuses_what_is_no_json(self, survey: Harness, account: UUID, raw: bytes) -> None:
        refused = await survey.client(account=account).post(
            PATH, content=raw, headers={"Content-Type": "application/json"}
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "unreadable")

    async def test_has_a_limit_however_it_is_sent(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        refused = await client.post(PATH, content=in_pieces(b" " * 9_000_000, 100_000))
        assert refused.status_code == 413

    async def test_an_idempotency_key_replays_and_refuses(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        key = {"Idempotency-Key": "k"}
        first = await client.post(PATH, json=[response_to(live, "a")], headers=key)
        again = await client.post(PATH, json=[response_to(live, "a")], headers=key)
        other = await client.post(PATH, json=[response_to(live, "b")], headers=key)
        assert again.json() == first.json()
        assert again.headers["idempotent-replayed"] == "true"
        assert other.status_code == 422
        assert len(await stored(client)) == 1


class TestFiles:
    async def test_thousands_of_lines_come_in_and_a_second_time_are_duplicates(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        lines = [orjson.dumps(response_to(live, f"s-{number}")) for number in range(2_345)]
        content = b"\n".join(lines)
        assert counts(await client.post(PATH, content=in_pieces(content), headers=NDJSON)) == (2_345, 2_345, 0, 0)
        assert counts(await client.post(PATH, content=in_pieces(content), headers=NDJSON)) == (2_345, 0, 2_345, 0)
        assert len(await survey.emitted(account, ResponseReceived)) == 2_345

    async def test_lists_what_failed_by_its_place(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        good, bad = orjson.dumps(response_to(live)), orjson.dumps(response_to(live, answers=answers("x")))
        answer = await client.post(PATH, content=b"\n".join([good, b"{", b"", bad]), headers=NDJSON)
        assert counts(answer) == (3, 1, 0, 2)
        assert [(item["index"], item["errors"][0]["code"]) for item in answer.json()["data"]] == [
            (1, "unreadable"),
            (2, "not_a_number"),
        ]

    async def test_csv_columns_are_fields_and_questions(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        content = (
            "\ufeffsurvey_id,submission_id,score,comment,customer.email,dimensions.store,completed,occurred_at\r\n"
            f'{live["id"]},a,9,"Fast,\n""friendly""",Ana@example.com,12,true,2026-03-01T10:00:00Z\r\n'
            f"{live['id']},b,,Only a word,,,no,\r\n"
            f"{live['id']},c,9.5,,,,,\r\n"
            f"{live['id']},d,9\r\n"
        )
        answer = await client.post(PATH, content=in_pieces(content.encode(), 7), headers=CSV)
        assert counts(answer) == (4, 2, 0, 2)
        assert [item["errors"][0]["code"] for item in answer.json()["data"]] == ["not_a_number", "cells"]
        by_id = {item["submission_id"]: item for item in await stored(client)}
        assert by_id["a"]["answers"] == answers(9, 'Fast,\n"friendly"')
        assert by_id["a"]["customer"]["email"] == "ana@example.com"
        assert by_id["a"]["dimensions"] == {"store": "12"}
        assert by_id["a"]["occurred_at"] == "2026-03-01T10:00:00Z"
        assert (by_id["b"]["completed"], by_id["b"]["score"]) == (False, None)

    async def test_csv_from_a_spreadsheet_uses_semicolons_and_names_the_survey_outside(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        content = b"submission_id;score;comment\n1;10;Gut, danke\n"
        answer = await client.post(PATH, params={"survey_id": live["id"]}, content=content, headers=CSV)
        assert counts(answer) == (1, 1, 0, 0)
        assert (await stored(client))[0]["answers"] == answers(10, "Gut, danke")

    @pytest.mark.parametrize(
        "header",
        ["score,comment", "submission_id,score", "submission_id,survey_id,a,a", "submission_id,survey_id,customer.age"],
    )
    async def test_a_header_that_cannot_be_understood_is_refused(
        self, survey: Harness, account: UUID, header: str
    ) -> None:
        refused = await survey.client(account=account).post(PATH, content=f"{header}\n1,2\n", headers=CSV)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "csv:header")

    @pytest.mark.parametrize("content", [b"submission_id,survey_id\n\xff,1\n", b'submission_id,survey_id\n"a"b,1\n'])
    async def test_a_file_that_is_no_csv_is_refused(self, survey: Harness, account: UUID, content: bytes) -> None:
        refused = await survey.client(account=account).post(PATH, content=content, headers=CSV)
        assert (refused.status_code, refused.json()["code"]) == (400, "unreadable")

    async def test_a_record_without_end_is_refused(self, survey: Harness, account: UUID) -> None:
        refused = await survey.client(account=account).post(
            PATH, content=in_pieces(b"x" * 1_200_000, 100_000), headers=NDJSON
        )
        assert refused.status_code == 413

    async def test_another_kind_of_file_is_refused(self, survey: Harness, account: UUID) -> None:
        refused = await survey.client(account=account).post(PATH, content=b"x", headers={"Content-Type": "image/png"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "header:Content-Type")

    async def test_two_imports_of_the_same_file_at_once_store_it_once(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        content = b"\n".join(orjson.dumps(response_to(live, f"s-{number}")) for number in range(700))
        done = await asyncio.gather(*(client.post(PATH, content=in_pieces(content), headers=NDJSON) for _ in range(3)))
        assert sum(counts(answer)[1] for answer in done) == 700
        assert len(await survey.emitted(account, ResponseReceived)) == 700
