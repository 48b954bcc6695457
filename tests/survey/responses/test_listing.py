"""`GET /v1/responses`."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import open_survey, response_to

PATH = "/v1/responses"


async def submissions(survey: Harness, account: UUID, **params: Any) -> list[str]:
    found = await survey.client("responses:read", account=account).get(PATH, params=params)
    assert found.status_code == 200, found.text
    return [item["submission_id"] for item in found.json()["data"]]


class TestAccess:
    async def test_needs_a_credential(self, survey: Harness) -> None:
        assert (await survey.anonymous().get(PATH)).status_code == 401
        assert (await survey.anonymous().get(f"{PATH}/{new_id()}")).status_code == 401

    async def test_another_accounts_response_is_not_there(self, survey: Harness, account: UUID) -> None:
        client, other = survey.client(account=account), survey.client(account=new_id())
        accepted = await client.post(PATH, json=response_to(await open_survey(client)))
        refused = await other.get(f"{PATH}/{accepted.json()['id']}")
        assert (refused.status_code, refused.json()["code"]) == (404, "response_not_found")
        assert (await other.get(PATH)).json()["data"] == []


class TestListing:
    async def test_the_last_received_comes_first_page_by_page(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        for number in range(5):
            await client.post(PATH, json=response_to(live, f"s-{number}"))
            survey.clock.advance(timedelta(seconds=1))
        first = (await client.get(PATH, params={"limit": 3})).json()
        rest = (await client.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
        assert [item["submission_id"] for item in first["data"] + rest["data"]] == ["s-4", "s-3", "s-2", "s-1", "s-0"]

    async def test_filters_by_survey_submission_and_channel(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        one, two = await open_survey(client), await open_survey(client)
        await client.post(PATH, json=response_to(one, "a", channel="web"))
        await client.post(PATH, json=response_to(two, "b"))
        assert await submissions(survey, account, survey_id=one["id"]) == ["a"]
        assert await submissions(survey, account, submission_id="b") == ["b"]
        assert await submissions(survey, account, channel="web") == ["a"]

    async def test_times_include_the_start_and_exclude_the_end(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        start = survey.clock.now()
        for number in range(3):
            # A token does not live for an hour.
            await survey.client(account=account).post(PATH, json=response_to(live, f"s-{number}"))
            survey.clock.advance(timedelta(hours=1))
        until = start + timedelta(hours=2)
        window = {"from": start.isoformat(), "to": until.isoformat()}
        assert await submissions(survey, account, **window) == ["s-1", "s-0"]

    async def test_a_time_without_a_zone_is_refused(self, survey: Harness, account: UUID) -> None:
        refused = await survey.client(account=account).get(PATH, params={"from": "2026-03-02T09:00:00"})
        assert refused.status_code == 422
