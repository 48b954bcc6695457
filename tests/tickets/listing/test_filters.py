"""Which tickets a list shows, and in which order."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post


async def numbers(client: httpx.AsyncClient, path: str = "/v1/tickets", **query: Any) -> list[int]:
    return [ticket["number"] for ticket in (await get(client, path, **query))["data"]]


class TestFilters:
    async def test_take_several_values(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for state, priority in (("new", "low"), ("pending", "high"), ("resolved", "urgent")):
            ticket = await open_ticket(client, priority=priority)
            await patch(client, f"/v1/tickets/{ticket['id']}", state=state)
        assert await numbers(client, state=["new", "pending"]) == [2, 1]
        assert await numbers(client, state=["pending", "resolved"], priority="urgent") == [3]

    async def test_find_tags_and_own_fields(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for key, kind in (("order", "text"), ("pieces", "number"), ("paid", "boolean")):
            await post(client, "/v1/ticket-fields", 201, key=key, kind=kind)
        colours = [{"value": "red"}, {"value": "blue"}]
        await post(client, "/v1/ticket-fields", 201, key="colours", kind="choices", choices=colours)
        await open_ticket(client, tags=["late", "vip"], fields={"order": "10:17", "pieces": 2, "paid": True})
        await open_ticket(client, tags=["late"], fields={"order": "1018", "colours": ["red", "blue"]})
        wanted: list[tuple[dict[str, Any], list[int]]] = [
            ({"tag": "late"}, [2, 1]),
            ({"tag": ["late", "vip"]}, [1]),
            ({"field": "order:10:17"}, [1]),
            ({"field": "pieces:2"}, [1]),
            ({"field": "paid:true"}, [1]),
            ({"field": "colours:blue"}, [2]),
            ({"field": ["order:1018", "colours:red"]}, [2]),
            ({"field": ["order:1018", "pieces:2"]}, []),
        ]
        for query, found in wanted:
            assert await numbers(client, **query) == found, query

    async def test_know_who_looks(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        people = [str(await add_person(tickets, account, name)) for name in ("Ana", "Ben")]
        by_ana, by_ben = (tickets.client(account=account, actor=Actor(ActorKind.HUMAN, each)) for each in people)
        await open_ticket(client, assignee_id=people[0])
        second = await open_ticket(client, assignee_id=None)
        await client.put(f"/v1/tickets/{second['id']}/watchers/{people[1]}")
        assert (await numbers(by_ana, mine="true"), await numbers(by_ben, mine="true")) == ([1], [])
        assert (await numbers(by_ana, watched="true"), await numbers(by_ben, watched="true")) == ([], [2])
        assert await numbers(client, unassigned="true") == [2]
        assert await numbers(client, unassigned="false") == [1]
        assert await numbers(client, mine="true") == []

    async def test_are_half_open_in_time(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for _ in range(3):
            await open_ticket(client)
            tickets.clock.advance(timedelta(hours=1))
        span = {"opened_from": "2026-03-02T10:00:00Z", "opened_to": "2026-03-02T11:00:00Z"}
        assert await numbers(client, **span) == [2]

    @pytest.mark.parametrize(
        "query",
        ["state=lost", "tag=", "field=order", "field=Order:1", "opened_from=2026-03-02T10:00:00", "sort=name"],
    )
    async def test_that_mean_nothing_are_refused(self, tickets: Harness, account: UUID, query: str) -> None:
        assert (await tickets.client(account=account).get(f"/v1/tickets?{query}")).status_code == 422


class TestOrders:
    async def test_walk_through_all_pages(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        made = []
        for priority in ("low", "urgent", "normal", "high"):
            made.append(await open_ticket(client, priority=priority))
            tickets.clock.advance(timedelta(minutes=1))
        await patch(client, f"/v1/tickets/{made[0]['id']}", tags=["x"])
        orders = {
            "-opened_at": [4, 3, 2, 1],
            "opened_at": [1, 2, 3, 4],
            "-updated_at": [1, 4, 3, 2],
            "updated_at": [2, 3, 4, 1],
            "resolution_due_at": [2, 4, 3, 1],
        }
        for sort, order in orders.items():
            first = await get(client, "/v1/tickets", sort=sort, limit=2)
            rest = await numbers(client, sort=sort, limit=2, cursor=first["next_cursor"])
            assert [ticket["number"] for ticket in first["data"]] + rest == order, sort

    async def test_by_due_time_list_what_is_due(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        paused = await open_ticket(client)
        await open_ticket(client)
        await patch(client, f"/v1/tickets/{paused['id']}", state="pending")
        assert await numbers(client, sort="resolution_due_at") == [2]
