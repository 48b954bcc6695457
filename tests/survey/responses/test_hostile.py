"""Whatever people write is stored as it is, shown as words, and exported as no formula."""

import csv
import io
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.responses.export import harmless
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, open_survey, response_to, understand
from tests.survey.definition.making import page, question

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202eevil\u202c and \u2066more\u2069",
    '=HYPERLINK("https://evil.example","Click")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "\t=1+1",
    "{{question.score}} ${7*7} {{7*7}} %s",
    "'; drop table survey.responses; --",
    'a\r\nb,c"d;e',
    "😀" * 500,
    "e\u0301" * 1_000 + "\u0489" * 500,
]


async def exported(client: httpx.AsyncClient, survey: dict[str, Any]) -> list[dict[str, str]]:
    answer = await client.get(f"/v1/surveys/{survey['id']}/responses.csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


class TestAccess:
    async def test_the_export_needs_a_credential(self, survey: Harness) -> None:
        assert (await survey.anonymous().get(f"/v1/surveys/{new_id()}/responses.csv")).status_code == 401

    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        stranger = survey.client(account=new_id())
        assert (await stranger.get(f"/v1/surveys/{live['id']}/responses.csv")).status_code == 404


class TestHostileText:
    @pytest.mark.parametrize("text", HOSTILE)
    async def test_is_stored_shown_and_exported_harmlessly(self, survey: Harness, account: UUID, text: str) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        accepted = await client.post("/v1/responses", json=response_to(live, answers=answers(3, text)))
        assert accepted.status_code == 201, accepted.text
        await understand(survey, account)
        [response] = (await client.get("/v1/responses")).json()["data"]
        assert response["answers"][1]["value"] == text
        [feedback] = (await client.get("/v1/feedback")).json()["data"]
        assert feedback["text"] == text.strip()
        link = Link(LinkKind.RECEIPT, account, UUID(response["id"]))
        page = await survey.anonymous().get(httpx.URL(Links(survey.runtime.settings).url(link)).path)
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        [row] = await exported(client, live)
        assert row["answers.comment"] in (text, f"'{text}")
        assert not row["answers.comment"].lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))

    async def test_of_a_megabyte_is_refused_with_the_reason(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        long = await client.post("/v1/responses", json=response_to(live, answers=answers(3, "a" * 900_000)))
        assert (long.status_code, long.json()["errors"][0]["code"]) == (422, "too_long")
        huge = await client.post("/v1/responses", json=response_to(live, answers=answers(3, "a" * 1_100_000)))
        assert huge.status_code == 413


class TestExport:
    async def test_has_a_column_for_each_question_and_leaves_out_what_was_taken_back(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        for number in range(3):
            await client.post("/v1/responses", json=response_to(live, f"s-{number}", answers=answers(number)))
        gone = (await client.get("/v1/responses", params={"submission_id": "s-1"})).json()["data"][0]["id"]
        link = Link(LinkKind.RECEIPT, account, UUID(gone))
        path = httpx.URL(Links(survey.runtime.settings).url(link)).path
        await survey.anonymous().post(f"{path}/delete")
        rows = await exported(client, live)
        assert sorted((row["submission_id"], row["answers.score"]) for row in rows) == [("s-0", "0"), ("s-2", "2")]

    async def test_says_who_it_was_and_what_came_along(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        liked = question("liked", "multiple", other=True)
        why = question("why", "single", other=True)
        definition = {
            "locales": ["en"],
            "hidden_fields": [{"key": "order"}, {"key": "store", "dimension": True}],
            "variables": [{"key": "points", "initial": 3}],
            "pages": [page("p", question("score", "nps"), liked, why)],
        }
        live = await open_survey(client, kind="custom", definition=definition)
        given = {"score": 9, "liked": ["a", {"other": "The smell"}], "why": {"other": "=1+1"}}
        body = response_to(
            live,
            answers=[{"question": key, "value": value} for key, value in given.items()],
            customer={"email": "ana@example.com", "name": "Ana"},
            hidden={"order": "A-7", "store": "12"},
            dimensions={"region": "north"},
        )
        assert (await client.post("/v1/responses", json=body)).status_code == 201
        await client.post("/v1/responses", json=response_to(live, "s-2"))
        row, bare = await exported(client, live)
        assert (row["answers.liked"], row["answers.why"]) == ("a; The smell", "'=1+1")
        assert (row["customer.email"], row["customer.name"], row["customer.id"]) == ("ana@example.com", "Ana", "")
        assert (row["hidden.order"], row["hidden.store"], row["variables.points"]) == ("A-7", "12", "3")
        assert (row["dimensions.region"], row["dimensions.store"]) == ("north", "12")
        assert {bare[name] for name in ("customer.email", "hidden.order", "dimensions.region")} == {""}

    @pytest.mark.parametrize("text", ["-5", "-5.25", "Ana", "", "a=b", "12"])
    def test_numbers_and_words_stay_as_they_are(self, text: str) -> None:
        assert harmless(text) == text
