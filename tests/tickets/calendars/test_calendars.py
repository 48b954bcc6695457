"""Calendars over the API: what they refuse, what they remember, and what tickets make of them."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import get, open_ticket, post

NINE_TO_FIVE = [{"opens": "09:00", "closes": "17:00"}]
WORKING = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), NINE_TO_FIVE)


def calendar(**fields: Any) -> dict[str, Any]:
    return {"name": "Office", "timezone": "Europe/Rome", "week": WORKING} | fields


async def refused(client: httpx.AsyncClient, **fields: Any) -> tuple[str, str]:
    answer = await client.post("/v1/calendars", json=calendar(**fields))
    assert answer.status_code == 422, answer.text
    problem = answer.json()["errors"][0]
    return problem["pointer"], problem["detail"]


async def work_by(client: httpx.AsyncClient, calendar_id: str, **fields: Any) -> dict[str, Any]:
    """Have the default policy count by the calendar."""
    [policy] = (await get(client, "/v1/sla-policies"))["data"]
    one = {"first_response_seconds": 3_600, "resolution_seconds": 8 * 3_600}
    body = {"name": "Office", "hours": "calendar", "calendar_id": calendar_id}
    body |= {"targets": dict.fromkeys(("low", "normal", "high", "urgent"), one)} | fields
    answer = await client.put(f"/v1/sla-policies/{policy['id']}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestAccess:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        anonymous = tickets.anonymous()
        for method, path in (("GET", ""), ("POST", ""), ("GET", "/x"), ("PUT", "/x"), ("DELETE", "/x")):
            assert (await anonymous.request(method, f"/v1/calendars{path}", json={})).status_code == 401

    async def test_of_another_account_is_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        mine = await post(client, "/v1/calendars", 201, **calendar())
        path = f"/v1/calendars/{mine['id']}"
        assert (await get(other, "/v1/calendars"))["data"] == []
        for method, below in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/versions"), ("POST", "/refresh")):
            answer = await other.request(method, path + below, json=calendar() if method == "PUT" else None)
            assert answer.status_code == 404, (method, below)
        assert await get(client, path) == mine


class TestWhatIsRefused:
    async def test_a_week_that_never_opens(self, tickets: Harness, account: UUID) -> None:
        pointer, detail = await refused(tickets.client(account=account), week={})
        assert (pointer, "never open" in detail) == ("/week", True)

    async def test_intervals_that_overlap(self, tickets: Harness, account: UUID) -> None:
        overlapping = [{"opens": "09:00", "closes": "12:30"}, {"opens": "12:00", "closes": "17:00"}]
        pointer, detail = await refused(tickets.client(account=account), week={"friday": overlapping})
        assert pointer == "/week/friday"
        assert "09:00–12:30 and 12:00–17:00 overlap" in detail

    @pytest.mark.parametrize(
        "interval",
        [
            {"opens": "17:00", "closes": "09:00"},
            {"opens": "09:00", "closes": "09:00"},
            {"opens": "24:00", "closes": "24:00"},
            {"opens": "09:00", "closes": "24:01"},
            {"opens": "9:00", "closes": "17:00"},
        ],
    )
    async def test_an_interval_that_is_none(self, tickets: Harness, account: UUID, interval: dict[str, str]) -> None:
        pointer, _ = await refused(tickets.client(account=account), week={"monday": [interval]})
        assert pointer.startswith("/week/monday/0")

    @pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "+02:00"])
    async def test_a_zone_that_nobody_knows(self, tickets: Harness, account: UUID, zone: str) -> None:
        assert (await refused(tickets.client(account=account), timezone=zone))[0] == "/timezone"

    async def test_holidays_of_nowhere(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        assert (await refused(client, holidays=[{"country": "XX"}]))[0] == "/holidays/0/country"
        pointer, detail = await refused(client, holidays=[{"country": "IT"}, {"country": "DE", "region": "ZZ"}])
        assert (pointer, "BY" in detail) == ("/holidays/1/region", True)

    async def test_a_date_given_twice(self, tickets: Harness, account: UUID) -> None:
        twice = [{"date": "2026-12-24", "name": "Eve"}] * 2
        assert "2026-12-24" in (await refused(tickets.client(account=account), dates=twice))[1]

    @pytest.mark.parametrize("url", ["http://127.0.0.1/x.ics", "https://10.0.0.8/x.ics", "ftp://example.com/x"])
    async def test_a_feed_at_a_private_address(self, tickets: Harness, account: UUID, url: str) -> None:
        assert (await refused(tickets.client(account=account), feed_url=url))[0] == "/feed_url"

    async def test_a_policy_without_anything_to_count_by(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        [policy] = (await get(client, "/v1/sla-policies"))["data"]
        for calendar_id in (None, str(new_id())):
            body = {"name": "x", "targets": policy["targets"], "hours": "calendar", "calendar_id": calendar_id}
            answer = await client.put(f"/v1/sla-policies/{policy['id']}", json=body)
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/calendar_id")


class TestACalendar:
    async def test_takes_2359_for_the_end_of_the_day(self, tickets: Harness, account: UUID) -> None:
        made = await post(
            tickets.client(account=account),
            "/v1/calendars",
            201,
            **calendar(week={"monday": [{"opens": "00:00", "closes": "23:59"}]}),
        )
        assert made["week"]["monday"] == [{"opens": "00:00", "closes": "24:00"}]

    async def test_is_the_default_if_it_is_the_first(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        first = await post(client, "/v1/calendars", 201, **calendar())
        second = await post(client, "/v1/calendars", 201, **calendar(name="Shop"))
        assert (first["is_default"], second["is_default"]) == (True, False)
        assert (await client.delete(f"/v1/calendars/{first['id']}")).json()["code"] == "default_calendar"
        moved = await client.put(f"/v1/calendars/{second['id']}", json=calendar(name="Shop", is_default=True))
        assert moved.json()["is_default"]
        assert (await client.delete(f"/v1/calendars/{first['id']}")).status_code == 204
        assert [one["id"] for one in (await get(client, "/v1/calendars"))["data"]] == [second["id"]]

    async def test_cannot_go_while_a_policy_works_by_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await post(client, "/v1/calendars", 201, **calendar())
        second = await post(client, "/v1/calendars", 201, **calendar(name="Shop"))
        await work_by(client, second["id"])
        assert (await client.delete(f"/v1/calendars/{second['id']}")).json()["code"] == "calendar_in_use"

    async def test_remembers_what_it_was(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        made = await post(client, "/v1/calendars", 201, **calendar())
        path = f"/v1/calendars/{made['id']}"
        changed = calendar(dates=[{"date": "2026-03-03", "name": "Stocktaking"}])
        answer = await client.put(path, json=changed, headers={"If-Match": '"1"'})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        assert (await client.put(path, json=calendar(), headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.put(path, json=changed)).json()["version"] == 2
        versions = (await get(client, f"{path}/versions"))["data"]
        assert [(one["version"], one["special_dates"], one["actor"]) for one in versions] == [
            (2, 1, "human:tester"),
            (1, 0, "human:tester"),
        ]

    async def test_knows_public_holidays_and_whose_word_counts_more(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        own = {"date": "2026-04-25", "name": "We work all the same", "hours": NINE_TO_FIVE}
        made = await post(client, "/v1/calendars", 201, **calendar(holidays=[{"country": "IT"}], dates=[own]))
        path = f"/v1/calendars/{made['id']}/holidays"
        found = (await get(client, path, first="2026-04-01", days=30))["data"]
        assert [(day["date"], day["name"], day["source"], len(day["hours"])) for day in found] == [
            ("2026-04-05", "Easter Sunday", "public", 0),
            ("2026-04-06", "Easter Monday", "public", 0),
            ("2026-04-25", "We work all the same", "own", 1),
        ]


class TestTickets:
    """The clock of the tests begins on Monday 2 March 2026, at 9:00 UTC, which is 10:00 in Rome."""

    async def test_are_due_in_business_hours(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        dates = [{"date": "2026-03-03", "name": "Stocktaking"}]
        made = await post(client, "/v1/calendars", 201, **calendar(dates=dates))
        await work_by(client, made["id"])
        ticket = await open_ticket(client)
        assert ticket["first_response_due_at"] == "2026-03-02T10:00:00Z"
        # Seven hours on Monday, none on Tuesday, one on Wednesday.
        assert ticket["resolution_due_at"] == "2026-03-04T09:00:00Z"

    async def test_keep_the_calendar_they_began_with(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        made = await post(client, "/v1/calendars", 201, **calendar())
        await work_by(client, made["id"])
        ticket = await open_ticket(client)
        path = f"/v1/tickets/{ticket['id']}"
        closed = calendar(dates=[{"date": "2026-03-03", "name": "Stocktaking"}])
        assert (await client.put(f"/v1/calendars/{made['id']}", json=closed)).status_code == 200
        await client.patch(path, json={"state": "pending"})
        await client.patch(path, json={"state": "open"})
        assert (await get(client, path))["resolution_due_at"] == ticket["resolution_due_at"] == "2026-03-03T09:00:00Z"
        assert (await get(client, f"{path}/sla"))["agreement"]["calendar_version"] == 1
        assert (await open_ticket(client))["resolution_due_at"] == "2026-03-04T09:00:00Z"
