"""T14: one change for many tickets."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.tickets.bulk.schemas import MOST
from shared.contracts.tickets import TicketResolved, TicketUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import get, open_ticket, patch, post

PATH = "/v1/tickets/bulk"


async def opened(client: httpx.AsyncClient, count: int) -> list[str]:
    return [(await open_ticket(client, tags=["late"]))["id"] for _ in range(count)]


class TestBulk:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        body = {"ticket_ids": [str(new_id())], "changes": {"priority": "low"}}
        assert (await tickets.anonymous().post(PATH, json=body)).status_code == 401

    async def test_of_another_accounts_tickets_changes_nothing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        [ticket_id] = await opened(client, 1)
        other = tickets.client(account=new_id())
        answer = await post(other, PATH, ticket_ids=[ticket_id], changes={"priority": "low"})
        assert (answer["changed"], answer["failed"]) == (0, 1)
        assert answer["data"][0]["problem"]["status"] == 404
        assert (await get(client, f"/v1/tickets/{ticket_id}"))["version"] == 1

    async def test_keeps_what_is_good_and_says_why_the_rest_is_not(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ids = await opened(client, 3)
        await post(client, f"/v1/tickets/{ids[1]}/resolve")
        await patch(client, f"/v1/tickets/{ids[1]}", state="closed")
        unknown = str(new_id())
        answer = await post(client, PATH, ticket_ids=[ids[2], ids[1], unknown, ids[0]], changes={"priority": "high"})
        assert [item["ticket_id"] for item in answer["data"]] == [ids[2], ids[1], unknown, ids[0]]
        codes = [item["problem"] and item["problem"]["code"] for item in answer["data"]]
        assert codes == [None, "ticket_closed", "not_found", None]
        assert (answer["changed"], answer["failed"]) == (2, 2)
        priorities = [(await get(client, f"/v1/tickets/{each}"))["priority"] for each in ids]
        assert priorities == ["high", "normal", "high"]

    async def test_tells_nothing_of_what_was_taken_back(self, tickets: Harness, account: UUID) -> None:
        """The first half of the change succeeds: the fields are set before the state is found to be out of reach."""
        client = tickets.client(account=account)
        await post(client, "/v1/ticket-fields", 201, key="cause", kind="text", required_in=["resolved"])
        good, bad = await opened(client, 2)
        await patch(client, f"/v1/tickets/{good}", fields={"cause": "carrier"})
        before = len(await tickets.emitted(account, TicketUpdated))
        answer = await post(client, PATH, ticket_ids=[bad, good], changes={"subject": "One lorry", "state": "resolved"})
        assert [item["problem"] and item["problem"]["code"] for item in answer["data"]] == ["fields_missing", None]
        assert len(await tickets.emitted(account, TicketUpdated)) == before + 1
        [resolved] = await tickets.emitted(account, TicketResolved)
        assert isinstance(resolved.data, TicketResolved)
        assert resolved.data.ticket_id == UUID(good)
        untouched = await get(client, f"/v1/tickets/{bad}")
        assert (untouched["subject"], untouched["version"]) == ("The parcel came late", 1)

    async def test_adds_and_removes_tags_one_by_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ids = await opened(client, 2)
        await patch(client, f"/v1/tickets/{ids[0]}", tags=["late", "vip"])
        await post(client, PATH, ticket_ids=ids, add_tags=["lorry"], remove_tags=["late"])
        assert [(await get(client, f"/v1/tickets/{each}"))["tags"] for each in ids] == [["vip", "lorry"], ["lorry"]]
        many = [f"t{n}" for n in range(20)]
        answer = await post(client, PATH, ticket_ids=ids[:1], add_tags=many)
        assert answer["data"][0]["problem"]["code"] == "unacceptable"

    async def test_resolves_with_a_reason(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ids = await opened(client, 2)
        await post(client, PATH, ticket_ids=ids, changes={"state": "resolved"}, reason="The lorry has come")
        reasons = [event.data for event in await tickets.emitted(account, TicketResolved)]
        assert [each.reason for each in reasons if isinstance(each, TicketResolved)] == ["The lorry has come"] * 2

    @pytest.mark.parametrize(
        "body",
        [
            {"ticket_ids": []},
            {"ticket_ids": [str(new_id()) for _ in range(MOST + 1)]},
            {"changes": {}},
            {"changes": {"tags": ["x"]}, "add_tags": ["y"]},
            {"changes": {"state": "lost"}},
        ],
    )
    async def test_of_nothing_or_too_much_is_refused(self, tickets: Harness, account: UUID, body: Any) -> None:
        wanted = {"ticket_ids": [str(new_id())], "changes": {"priority": "low"}} | body
        assert (await tickets.client(account=account).post(PATH, json=wanted)).status_code == 422
