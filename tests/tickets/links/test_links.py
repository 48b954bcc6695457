"""Tickets that belong together."""

import asyncio
from typing import Any
from uuid import UUID

import httpx

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, get, open_ticket, post


async def paths(client: httpx.AsyncClient, count: int) -> list[str]:
    return [f"/v1/tickets/{(await open_ticket(client))['id']}" for _ in range(count)]


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


async def link(client: httpx.AsyncClient, path: str, other: str, relation: str) -> httpx.Response:
    return await client.post(f"{path}/links", json={"ticket_id": id_of(other), "relation": relation})


async def links(client: httpx.AsyncClient, path: str) -> list[tuple[int, str]]:
    found: list[dict[str, Any]] = (await get(client, f"{path}/links"))["data"]
    return [(each["number"], each["relation"]) for each in found]


class TestLinks:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        [path] = await paths(tickets.client(account=account), 1)
        assert (await tickets.anonymous().get(f"{path}/links")).status_code == 401
        assert (await link(tickets.anonymous(), path, path, "related")).status_code == 401
        assert (await tickets.anonymous().delete(f"{path}/links/{new_id()}")).status_code == 401

    async def test_with_another_accounts_ticket_are_refused(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        [mine], [theirs] = await paths(client, 1), await paths(other, 1)
        assert (await link(other, mine, theirs, "related")).status_code == 404
        refused = await link(client, mine, theirs, "related")
        assert refused.json()["errors"][0]["code"] == "unknown_ticket"

    async def test_are_seen_from_both_sides(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two, three, four = await paths(client, 4)
        assert (await link(client, one, two, "parent_of")).status_code == 201
        assert (await link(client, three, one, "duplicate_of")).status_code == 201
        assert (await link(client, four, one, "related")).json()["relation"] == "related"
        assert await links(client, one) == [(2, "parent_of"), (3, "duplicated_by"), (4, "related")]
        assert await links(client, two) == [(1, "child_of")]
        assert await links(client, three) == [(1, "duplicate_of")]
        assert await links(client, four) == [(1, "related")]

    async def test_stand_in_both_histories(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two = await paths(client, 2)
        await link(client, one, two, "child_of")
        assert (await client.delete(f"{two}/links/{id_of(one)}")).status_code == 204
        for path, words in ((one, "child_of #2"), (two, "parent_of #1")):
            changes = [change["changes"] for change in (await get(client, f"{path}/history"))["data"][1:]]
            assert changes == [{"link": [None, words]}, {"link": [words, None]}]
        assert (await client.delete(f"{one}/links/{id_of(two)}")).json()["code"] == "not_linked"

    async def test_that_make_no_sense_are_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two, three = await paths(client, 3)
        assert (await link(client, one, one, "related")).status_code == 422
        await link(client, one, two, "child_of")
        assert (await link(client, two, one, "related")).json()["code"] == "already_linked"
        assert (await link(client, one, three, "child_of")).json()["code"] == "has_parent"
        await link(client, two, three, "child_of")
        assert (await link(client, three, one, "child_of")).json()["code"] == "link_cycle"

    async def test_both_ways_at_once_are_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        one, two = await paths(client, 2)
        answers = await asyncio.gather(link(client, one, two, "child_of"), link(client, two, one, "child_of"))
        assert sorted(answer.status_code for answer in answers) == [201, 409]


class TestDuplicates:
    """Complaint 39: who writes twice has two tickets; it is suggested, and people decide."""

    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        [path] = await paths(tickets.client(account=account), 1)
        assert (await tickets.anonymous().get(f"{path}/duplicates")).status_code == 401
        assert (await tickets.client(account=new_id()).get(f"{path}/duplicates")).status_code == 404

    async def test_are_those_of_the_same_customer_about_the_same(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [str(await add_customer(tickets, account, name)) for name in ("Ana", "Ben")]
        told = {"subject": "Order 1017 came broken", "description": "The lamp of my order is broken, the box too."}
        ticket = await open_ticket(client, customer_id=ana, **told)
        again = await open_ticket(client, customer_id=ana, subject="Still no answer: the lamp of order 1017 is broken")
        await open_ticket(client, customer_id=ana, subject="How do I change my address?")
        await open_ticket(client, customer_id=ben, **told)
        path = f"/v1/tickets/{ticket['id']}"
        [found] = (await get(client, f"{path}/duplicates"))["data"]
        assert found["number"] == again["number"]
        assert {"1017", "lamp", "broken"} <= set(found["because"])
        assert 0.5 < found["likeness"] <= 1
        # Nothing is merged by itself, and what somebody decided is not asked again.
        assert (await get(client, f"/v1/tickets/{again['id']}"))["state"] == "new"
        await post(client, f"{path}/links", 201, ticket_id=again["id"])
        assert (await get(client, f"{path}/duplicates"))["data"] == []
