"""Complaint 40: two agents take the same item, or answer it twice."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import TicketReplied
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post


@pytest.fixture
async def by_ben(tickets: Harness, account: UUID) -> httpx.AsyncClient:
    ben = await add_person(tickets, account, "Ben", role="viewer")
    return tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(ben)))


class TestAStaleEdit:
    async def test_is_told_who_changed_what(self, tickets: Harness, account: UUID, by_ben: httpx.AsyncClient) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        tickets.clock.advance(timedelta(minutes=5))
        await patch(by_ben, path, priority="high")
        refused = await client.patch(path, json={"priority": "low"}, headers={"If-Match": '"1"'})
        assert refused.status_code == 412
        [problem] = refused.json()["errors"]
        assert problem["detail"] == "Ben changed priority at 09:05 UTC."
        assert problem["detail"] in refused.json()["detail"]

    async def test_of_a_take_over_has_one_winner(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        people = [str(await add_person(tickets, account, f"P{n}")) for n in range(6)]
        answers = await asyncio.gather(
            *(client.patch(path, json={"assignee_id": each}, headers={"If-Match": '"1"'}) for each in people)
        )
        assert [answer.status_code for answer in answers].count(200) == 1
        [winner] = [answer.json() for answer in answers if answer.status_code == 200]
        assert (await get(client, path))["assignee_id"] == winner["assignee_id"]


class TestAnAnswer:
    async def test_is_not_sent_if_somebody_answered_since(
        self, tickets: Harness, account: UUID, by_ben: httpx.AsyncClient
    ) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        path = f"/v1/tickets/{ticket['id']}"
        await post(by_ben, f"{path}/messages", 201, text="A new box is on its way.", seen_version=ticket["version"])
        body: dict[str, Any] = {"text": "We send a new box.", "seen_version": ticket["version"]}
        refused = await client.post(f"{path}/messages", json=body)
        assert (refused.status_code, refused.json()["code"]) == (409, "answered_meanwhile")
        assert refused.json()["errors"][0]["detail"] == "Ben answered at 09:00 UTC."
        assert len((await get(client, f"{path}/messages"))["data"]) == 1

    async def test_goes_out_if_only_something_else_changed(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        path = f"/v1/tickets/{ticket['id']}"
        await patch(client, path, priority="high")
        await post(client, f"{path}/messages", 201, text="Who is she?", internal=True)
        answer = await client.post(f"{path}/messages", json={"text": "Sorry!", "seen_version": ticket["version"]})
        assert answer.status_code == 201
        version = int(answer.headers["etag"].strip('"'))
        await post(client, f"{path}/messages", 201, text="And another thing.", seen_version=version)

    async def test_of_many_at_once_is_the_only_one(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        answers = await asyncio.gather(
            *(client.post(f"{path}/messages", json={"text": f"{n}", "seen_version": 1}) for n in range(10))
        )
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(201) == 1
        assert set(statuses) <= {201, 409, 503}
        assert len(await tickets.emitted(account, TicketReplied)) == 1
