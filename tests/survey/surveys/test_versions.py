"""Versions: what was published stays, and what changed can be read."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import answers, know_customer, make_survey, open_survey, response_to
from tests.survey.definition.making import page, question, when

OF_ONE = [
    "GET {0}/versions",
    "GET {0}/versions/1",
    "POST {0}/versions/1/restore",
    "GET {0}/changes",
    "POST {0}/validate",
]
FAULTY = {"pages": [page("p", question("q", show_when=when("variable.x", "is_true")), jumps=[{"to": "p"}])]}


class TestAccess:
    @pytest.mark.parametrize("call", [*OF_ONE, "POST /v1/surveys/validate"])
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, _, path = call.format(f"/v1/surveys/{new_id()}").partition(" ")
        assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    @pytest.mark.parametrize("call", OF_ONE)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        mine = await open_survey(survey.client(account=account))
        method, _, path = call.format(f"/v1/surveys/{mine['id']}").partition(" ")
        answer = await survey.client(account=new_id()).request(method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "survey_not_found")


class TestVersions:
    async def test_are_listed_read_compared_and_brought_back(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, name="First")
        path = f"/v1/surveys/{live['id']}"
        await client.patch(path, json={"name": "Second", "texts": {"en": {"question": "Better?"}}})
        [change] = (await client.get(f"{path}/changes")).json()["changes"]
        assert change["pointer"] == "/pages/0/questions/0/title/en"
        assert change["detail"].endswith("became “Better?”.")
        await client.post(f"{path}/publish")
        assert (await client.get(f"{path}/changes")).json()["changes"] == []
        listed = (await client.get(f"{path}/versions")).json()["data"]
        assert [(each["version"], each["name"]) for each in listed] == [(2, "Second"), (1, "First")]
        compared = (await client.get(f"{path}/changes", params={"from_version": 1, "to_version": 2})).json()
        assert compared == {"from_version": 1, "to_version": 2, "changes": [change]}
        first = (await client.get(f"{path}/versions/1")).json()
        assert first["definition"] == live["definition"]
        back = (await client.post(f"{path}/versions/1/restore")).json()
        assert (back["name"], back["definition"], back["published_version"]) == ("First", live["definition"], 2)
        assert (await client.get(f"{path}/versions/3")).json()["code"] == "version_not_found"

    async def test_of_a_draft_there_are_none(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        draft = await make_survey(client)
        assert (await client.get(f"/v1/surveys/{draft['id']}/versions")).json()["data"] == []
        assert (await client.get(f"/v1/surveys/{draft['id']}/changes")).status_code == 409


class TestValidating:
    async def test_names_everything_at_once_and_stores_nothing(self, survey: Harness, account: UUID) -> None:
        client = survey.client("surveys:read", account=account)
        found = (await client.post("/v1/surveys/validate", json={"definition": FAULTY})).json()
        assert found["publishable"] is False
        assert {(fault["pointer"], fault["code"]) for fault in found["faults"]} == {
            ("/pages/0/questions/0/show_when/subject", "unknown_variable"),
            ("/pages/0/jumps/0/to", "loop"),
        }
        assert (await client.get("/v1/surveys")).json()["data"] == []

    async def test_tells_what_has_not_the_form_of_a_definition_alike(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        broken: dict[str, Any] = {"pages": [page("p", question("q", "rating", points=11), question("Q 2"))]}
        found = (await client.post("/v1/surveys/validate", json={"definition": broken})).json()
        assert [fault["pointer"] for fault in found["faults"]] == [
            "/pages/0/questions/0/points",
            "/pages/0/questions/1/key",
        ]

    @pytest.mark.parametrize("text", ["a\\u0000b", "a\\ud800b"])
    async def test_what_is_no_text_is_refused_where_it_stands(self, survey: Harness, account: UUID, text: str) -> None:
        client = survey.client(account=account)
        raw = f'{{"definition": {{"pages": [{{"key": "p", "questions": [{{"{text}": 1}}], "x": "{text}"}}]}}}}'
        refused = await client.post("/v1/surveys/validate", content=raw, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "nul")
        assert refused.json()["errors"][0]["pointer"] == "/definition/pages/0/questions/0/ab"

    async def test_publishing_refuses_with_the_same_list(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        draft = await make_survey(client, kind="custom", definition=FAULTY)
        path = f"/v1/surveys/{draft['id']}"
        told = (await client.post(f"{path}/validate")).json()["faults"]
        refused = await client.post(f"{path}/publish")
        assert (refused.status_code, refused.json()["code"]) == (422, "survey_unfit")
        assert refused.json()["errors"] == [
            {"pointer": f"/definition{fault['pointer']}", "code": fault["code"], "detail": fault["detail"]}
            for fault in told
        ]
        assert (await client.get(path)).json()["state"] == "draft"

    async def test_a_survey_of_ours_has_nothing_wrong(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, texts={"pl": {"comment": "Dlaczego?"}})
        found = (await client.post(f"/v1/surveys/{live['id']}/validate")).json()
        assert found == {"publishable": True, "faults": []}


class TestSchedule:
    async def test_answers_are_taken_from_the_opening_until_the_close(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        now = survey.clock.now()
        times = {"opens_at": now + timedelta(hours=1), "closes_at": now + timedelta(hours=2)}
        live = await open_survey(client, **{name: moment.isoformat() for name, moment in times.items()})
        statuses = []
        for number in range(3):
            statuses.append((await client.post("/v1/responses", json=response_to(live, f"s-{number}"))).status_code)
            survey.clock.advance(timedelta(hours=1))
        assert statuses == [409, 201, 409]

    async def test_can_be_changed_at_once_and_makes_no_version(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        path = f"/v1/surveys/{live['id']}"
        closed = await client.patch(path, json={"closes_at": survey.clock.now().isoformat(), "response_limit": 5})
        assert (closed.json()["response_limit"], closed.json()["published_version"]) == (5, 1)
        assert (await client.post("/v1/responses", json=response_to(live))).json()["code"] == "survey_closed"
        await client.patch(path, json={"closes_at": None})
        assert (await client.post("/v1/responses", json=response_to(live, answers=answers(3)))).status_code == 201
        assert (await client.post(f"{path}/publish")).json()["published_version"] == 1

    async def test_nobody_is_asked_before_it_or_after(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        ana, opens_at = await know_customer(survey, account), survey.clock.now() + timedelta(hours=1)
        live = await open_survey(client, opens_at=opens_at.isoformat())
        path, asked = f"/v1/surveys/{live['id']}", {"customers": [str(ana)]}
        [refused] = (await client.post(f"{path}/invitations", json=asked)).json()["data"]
        assert (refused["gate"], refused["detail"]) == ("not_published", "The survey is not open yet.")
        assert datetime.fromisoformat(refused["next_eligible_at"]) == opens_at
        await client.patch(path, json={"opens_at": None, "closes_at": survey.clock.now().isoformat()})
        [refused] = (await client.post(f"{path}/invitations", json=asked)).json()["data"]
        assert (refused["gate"], refused["detail"]) == ("not_published", "The survey is closed already.")

    async def test_the_limit_is_exact_however_many_come_at_once(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, response_limit=5)
        given = [client.post("/v1/responses", json=response_to(live, f"s-{number}")) for number in range(20)]
        assert {answer.status_code for answer in await asyncio.gather(*given)} == {201}
        stored = (await client.get("/v1/responses")).json()["data"]
        assert sorted(each["over_quota"] or "" for each in stored) == [""] * 5 + ["responses"] * 15

    async def test_an_answer_to_an_older_version_is_held_against_that_one(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="csat")
        path = f"/v1/surveys/{live['id']}"
        seven = {"pages": [page("p", question("score", "csat", points=7))]}
        await client.patch(path, json={"definition": seven})
        await client.post(f"{path}/publish")
        statuses = [
            (
                await client.post("/v1/responses", json=response_to(live, f"s-{n}", answers=answers(7), **version))
            ).status_code
            for n, version in enumerate(({}, {"survey_version": 2}, {"survey_version": 1}, {"survey_version": 3}))
        ]
        assert statuses == [201, 201, 422, 422]
        old = await client.post("/v1/responses", json=response_to(live, "old", answers=answers(5), survey_version=1))
        assert old.status_code == 201
        stored = (await client.get("/v1/responses", params={"submission_id": "old"})).json()["data"]
        assert [each["survey_version"] for each in stored] == [1]

    async def test_cannot_end_before_it_begins(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        now = survey.clock.now().isoformat()
        body = {"name": "x", "kind": "nps", "opens_at": now, "closes_at": now}
        refused = await client.post("/v1/surveys", json=body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/closes_at")
