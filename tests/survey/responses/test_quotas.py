"""Quotas are exact, however many submissions arrive at once."""

import asyncio
from typing import Any
from uuid import UUID

from shared.contracts.survey import ResponseReceived
from shared.testing.harness import Harness
from tests.survey.building import open_survey, response_to
from tests.survey.definition.making import page, question, when

PATH = "/v1/responses"
FULL = {"key": "full", "title": {"en": "We have enough answers, thank you."}}


def definition(*quotas: dict[str, Any]) -> dict[str, Any]:
    pages = [page("one", question("city", "short_text")), page("two", question("why", "short_text"))]
    return {"locales": ["en"], "pages": pages, "quotas": list(quotas), "endings": [FULL | {"when": NEVER}]}


NEVER = when("question.city", "equals", "\u2400")


def lisbon(limit: int, **fields: Any) -> dict[str, Any]:
    return {
        "key": "lisbon",
        "limit": limit,
        "ending": "full",
        "when": when("question.city", "equals", "Lisbon"),
    } | fields


def said(city: str) -> list[dict[str, Any]]:
    return [{"question": "city", "value": city}]


class TestQuotas:
    async def test_two_hundred_at_once_never_overshoot(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="custom", definition=definition(lisbon(30)))
        bodies = [response_to(live, f"s-{n}", answers=said("Lisbon")) for n in range(200)]
        given = await asyncio.gather(*(client.post(PATH, json=body) for body in bodies))
        assert {answer.status_code for answer in given} == {201}
        stored = (await client.get(PATH, params={"limit": 1000})).json()["data"]
        assert len(stored) == 200
        assert sum(response["over_quota"] is None for response in stored) == 30
        over = [response for response in stored if response["over_quota"]]
        assert {(one["over_quota"], one["ending"], one["screened_out"]) for one in over} == {("lisbon", "full", True)}

    async def test_others_are_not_counted(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="custom", definition=definition(lisbon(1)))
        for number, city in enumerate(("Porto", "Lisbon", "Porto", "Lisbon")):
            await client.post(PATH, json=response_to(live, f"s-{number}", answers=said(city)))
        told = [event.data for event in await survey.emitted(account, ResponseReceived)]
        assert [one.over_quota for one in told if isinstance(one, ResponseReceived)] == [None, None, None, "lisbon"]

    async def test_a_retry_takes_no_second_place(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="custom", definition=definition(lisbon(2)))
        for submission in ("same", "same", "other"):
            await client.post(PATH, json=response_to(live, submission, answers=said("Lisbon")))
        stored = (await client.get(PATH)).json()["data"]
        assert [response["over_quota"] for response in stored] == [None, None]

    async def test_who_finds_it_full_ends_before_the_next_page(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="custom", definition=definition(lisbon(0)))
        body = response_to(live, answers=said("Lisbon"), completed=False, left=["one"])
        accepted = (await client.post(PATH, json=body)).json()
        stored = (await client.get(f"{PATH}/{accepted['id']}")).json()
        assert (stored["completed"], stored["over_quota"]) == (True, "lisbon")

    async def test_one_that_counts_the_started_takes_the_place_at_once(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="custom", definition=definition(lisbon(1, counts="started")))
        body = response_to(live, "s-1", answers=said("Lisbon"), completed=False, left=["one"])
        await client.post(PATH, json=body)
        second = await client.post(PATH, json=body | {"submission_id": "s-2"})
        finished = await client.post(PATH, json=body | {"left": ["one", "two"]})
        by_id = {one["id"]: one["over_quota"] for one in (await client.get(PATH)).json()["data"]}
        assert (by_id[finished.json()["id"]], by_id[second.json()["id"]]) == (None, "lisbon")
