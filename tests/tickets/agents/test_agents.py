"""What those who work on tickets can do, and when they are away."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, know, open_ticket, post

PATH = "/v1/agents"


class TestAgents:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        ana = await add_person(tickets, account, "Ana")
        anonymous = tickets.anonymous()
        for path in (PATH, f"{PATH}/{ana}", f"{PATH}/{ana}/absences"):
            assert (await anonymous.get(path)).status_code == 401
        assert (await anonymous.put(f"{PATH}/{ana}", json={})).status_code == 401
        assert (await anonymous.post(f"{PATH}/{ana}/absences", json={})).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        ana = await add_person(tickets, account, "Ana")
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        away = await post(client, f"{PATH}/{ana}/absences", 201, starts_at="2026-07-01T00:00:00Z")
        assert (await get(other, PATH))["data"] == []
        for response in (
            await other.get(f"{PATH}/{ana}"),
            await other.put(f"{PATH}/{ana}", json={}),
            await other.get(f"{PATH}/{ana}/absences"),
            await other.post(f"{PATH}/{ana}/absences", json={"starts_at": "2026-07-01T00:00:00Z"}),
            await other.delete(f"{PATH}/{ana}/absences/{away['id']}"),
        ):
            assert response.status_code == 404

    async def test_are_all_who_work_on_tickets(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        await add_person(tickets, account, "Vera", "viewer")
        await open_ticket(client)
        [found] = (await get(client, PATH))["data"]
        assert (found["name"], found["capacity"], found["open_tickets"], found["version"]) == ("Ana", None, 1, 0)
        written = await know(client, ana, skills=[" Refunds", "refunds"], languages=["PT"], capacity=7)
        assert (written["skills"], written["languages"], written["version"]) == (["refunds"], ["pt"], 1)
        assert await get(client, f"{PATH}/{ana}") == written

    async def test_are_not_overwritten_unseen(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        await know(client, ana, capacity=7)
        stale = await client.put(f"{PATH}/{ana}", json={"capacity": 8}, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        assert (await get(client, f"{PATH}/{ana}"))["capacity"] == 7

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"capacity": 0}, "/capacity"),
            ({"channel_capacity": {"chat": 101}}, "/channel_capacity/chat"),
            ({"languages": ["portuguese"]}, "/languages/0"),
            ({"skills": [""]}, "/skills/0"),
            ({"calendar_id": str(new_id())}, "/calendar_id"),
        ],
    )
    async def test_that_make_no_sense_are_refused(
        self, tickets: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        ana = await add_person(tickets, account, "Ana")
        response = await tickets.client(account=account).put(f"{PATH}/{ana}", json=body)
        assert response.status_code == 422
        assert [problem["pointer"] for problem in response.json()["errors"]] == [pointer]


class TestAbsences:
    async def test_are_listed_latest_first_and_deleted(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"{PATH}/{await add_person(tickets, account, 'Ana')}/absences"
        early = await post(client, path, 201, starts_at="2026-07-01T00:00:00Z", ends_at="2026-07-08T00:00:00Z")
        late = await post(client, path, 201, starts_at="2026-12-01T00:00:00Z", note="Parental leave")
        assert [one["id"] for one in (await get(client, path))["data"]] == [late["id"], early["id"]]
        assert (await client.delete(f"{path}/{late['id']}")).status_code == 204
        assert (await client.delete(f"{path}/{late['id']}")).status_code == 404

    async def test_end_after_they_begin(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"{PATH}/{await add_person(tickets, account, 'Ana')}/absences"
        same = {"starts_at": "2026-07-01T00:00:00Z", "ends_at": "2026-07-01T00:00:00Z"}
        assert (await client.post(path, json=same)).status_code == 422

    async def test_send_tickets_to_those_who_are_there(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        week = {"starts_at": tickets.clock.now(), "ends_at": tickets.clock.now() + timedelta(days=7)}
        await post(client, f"{PATH}/{ana}/absences", 201, **{name: at.isoformat() for name, at in week.items()})
        assert {(await open_ticket(client))["assignee_id"] for _ in range(3)} == {str(ben)}
        tickets.clock.advance(timedelta(days=7))
        assert (await open_ticket(client))["assignee_id"] == str(ana)
