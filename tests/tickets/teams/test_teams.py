"""Teams: who is in them, and what holds them in place."""

from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.system.surface import CALENDAR
from tests.tickets.builders import add_person, get, make_rule, make_team, open_ticket, patch, post

PATH = "/v1/teams"


class TestTeams:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        team = await make_team(tickets.client(account=account))
        anonymous = tickets.anonymous()
        assert (await anonymous.post(PATH, json={"name": "x"})).status_code == 401
        assert (await anonymous.get(PATH)).status_code == 401
        for path in (f"{PATH}/{team}", f"{PATH}/{team}/members"):
            assert (await anonymous.get(path)).status_code == 401
        assert (await anonymous.put(f"{PATH}/{team}/members/{new_id()}")).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        team, theirs = await make_team(client), await open_ticket(other)
        for response in (
            await other.get(f"{PATH}/{team}"),
            await other.patch(f"{PATH}/{team}", json={"name": "x"}),
            await other.get(f"{PATH}/{team}/members"),
            await other.put(f"{PATH}/{team}/members/{new_id()}"),
            await other.delete(f"{PATH}/{team}"),
        ):
            assert response.status_code == 404
        given = await other.patch(f"/v1/tickets/{theirs['id']}", json={"team_id": team})
        assert [problem["code"] for problem in given.json()["errors"]] == ["unknown_team"]
        opened = await other.post("/v1/tickets", json={"subject": "x", "team_id": team})
        assert [problem["code"] for problem in opened.json()["errors"]] == ["unknown_team"]

    async def test_have_different_names(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await make_team(client, name="Refunds")
        other = await make_team(client, name="Deliveries")
        taken = await client.post(PATH, json={"name": "REFUNDS"})
        assert (taken.status_code, taken.json()["code"]) == (409, "name_taken")
        assert (await client.patch(f"{PATH}/{other}", json={"name": "refunds"})).json()["code"] == "name_taken"
        assert (await patch(client, f"{PATH}/{other}", name="DELIVERIES"))["version"] == 2

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"lead_id": str(new_id())}, "/lead_id"),
            ({"calendar_id": str(new_id())}, "/calendar_id"),
            ({"strategy": "lottery"}, "/strategy"),
            ({"longest_unassigned_seconds": 5}, "/longest_unassigned_seconds"),
            ({"name": " "}, "/name"),
        ],
    )
    async def test_that_make_no_sense_are_refused(
        self, tickets: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        response = await tickets.client(account=account).post(PATH, json={"name": "x"} | body)
        assert response.status_code == 422
        assert [problem["pointer"] for problem in response.json()["errors"]] == [pointer]

    async def test_are_deleted_when_nothing_needs_them(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        team = await make_team(client)
        rule = await make_rule(client, team)
        ticket = await open_ticket(client)
        refused = await client.delete(f"{PATH}/{team}")
        assert (refused.status_code, refused.json()["code"]) == (409, "team_in_use")
        assert [problem["code"] for problem in refused.json()["errors"]] == ["tickets", "rules"]
        await client.delete(f"/v1/routing-rules/{rule['id']}")
        await post(client, f"/v1/tickets/{ticket['id']}/resolve")
        assert (await client.delete(f"{PATH}/{team}")).status_code == 204
        assert (await get(client, f"/v1/tickets/{ticket['id']}"))["team_id"] == team

    async def test_get_tickets_as_soon_as_they_are_there(self, tickets: Harness, account: UUID) -> None:
        """Whoever opens tickets remembers the teams; one that they do not know yet is no reason to refuse it."""
        client = tickets.client(account=account)
        await open_ticket(client)
        team = await make_team(client)
        assert (await open_ticket(client, team_id=team))["team_id"] == team

    async def test_list_their_members_by_name(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        viewer = await add_person(tickets, account, "Vera", "viewer")
        team = await make_team(client, ana)
        assert (await client.put(f"{PATH}/{team}/members/{ana}")).status_code == 204
        refused = await client.put(f"{PATH}/{team}/members/{viewer}")
        assert [problem["code"] for problem in refused.json()["errors"]] == ["unknown_person"]
        assert [one["name"] for one in (await get(client, f"{PATH}/{team}/members"))["data"]] == ["Ana"]
        assert (await client.delete(f"{PATH}/{team}/members/{ana}")).status_code == 204
        assert (await get(client, f"{PATH}/{team}/members"))["data"] == []

    async def test_keep_a_calendar_from_being_deleted(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        made = [await post(client, "/v1/calendars", 201, **CALENDAR | {"name": name}) for name in ("One", "Two")]
        await make_team(client, calendar_id=made[1]["id"])
        refused = await client.delete(f"/v1/calendars/{made[1]['id']}")
        assert refused.json()["code"] == "calendar_in_use"
