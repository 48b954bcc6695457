"""Answers that colleagues write together."""

import asyncio
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket


@pytest.fixture
async def by_ben(tickets: Harness, account: UUID) -> httpx.AsyncClient:
    ben = await add_person(tickets, account, "Ben", role="viewer")
    return tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(ben)))


class TestADraft:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/draft"
        anonymous = tickets.anonymous()
        assert (await anonymous.get(path)).status_code == 401
        assert (await anonymous.put(path, json={"text": "x"})).status_code == 401
        assert (await anonymous.post(f"{path}/send")).status_code == 401

    async def test_of_another_accounts_ticket_is_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/draft"
        await client.put(path, json={"text": "Dear Ana"})
        assert (await other.get(path)).status_code == 404
        assert (await other.put(path, json={"text": "x"})).status_code == 404
        assert (await other.post(f"{path}/send")).status_code == 404

    async def test_is_shared_and_names_who_wrote_last(
        self, tickets: Harness, account: UUID, by_ben: httpx.AsyncClient
    ) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/draft"
        assert ((await get(client, path))["text"], (await get(client, path))["version"]) == ("", 0)
        await client.put(path, json={"text": "Dear Ana"})
        await by_ben.put(path, json={"text": "Dear Ana, sorry!"})
        draft = await get(client, path)
        assert (draft["text"], draft["author_name"], draft["version"]) == ("Dear Ana, sorry!", "Ben", 2)

    async def test_is_not_overwritten_by_who_read_an_older_one(
        self, tickets: Harness, account: UUID, by_ben: httpx.AsyncClient
    ) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/draft"
        read = (await client.put(path, json={"text": "Dear Ana"})).headers["etag"]
        await by_ben.put(path, json={"text": "Dear Ana, sorry!"}, headers={"If-Match": read})
        refused = await client.put(path, json={"text": "Hello"}, headers={"If-Match": read})
        assert refused.status_code == 412
        assert refused.json()["detail"].startswith("Ben wrote on this draft at 09:00 UTC")

    async def test_is_sent_once_whoever_presses_the_button(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await client.put(f"{path}/draft", json={"text": "A new box is on its way."})
        answers = await asyncio.gather(*(client.post(f"{path}/draft/send") for _ in range(8)))
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(201) == 1
        assert set(statuses) <= {201, 409, 503}
        [replied] = await tickets.emitted(account, TicketReplied)
        assert isinstance(replied.data, TicketReplied)
        assert replied.data.text == "A new box is on its way."
        assert len((await get(client, f"{path}/messages"))["data"]) == 1
        assert (await get(client, f"{path}/draft"))["text"] == ""

    async def test_is_not_sent_if_it_is_empty(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await client.put(f"{path}/draft", json={"text": " "})
        assert (await client.post(f"{path}/draft/send")).json()["code"] == "draft_empty"
        assert (await get(client, f"{path}/draft"))["text"] == " "
