"""Who is at a ticket right now."""

from datetime import timedelta
from uuid import UUID

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket


class TestPresence:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/presence"
        assert (await tickets.anonymous().get(path)).status_code == 401
        assert (await tickets.anonymous().put(path)).status_code == 401

    async def test_at_another_accounts_ticket_is_not_found(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/presence"
        other = tickets.client(account=new_id())
        for answer in (await other.get(path), await other.put(path), await other.delete(path)):
            assert answer.status_code == 404

    async def test_says_that_ana_is_writing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        people = [str(await add_person(tickets, account, name)) for name in ("Ana", "Ben")]
        by_ana, by_ben = (tickets.client(account=account, actor=Actor(ActorKind.HUMAN, each)) for each in people)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/presence"
        await by_ben.put(path)
        seen = (await by_ana.put(path, json={"activity": "writing"})).json()["data"]
        assert [(each["name"], each["activity"]) for each in seen] == [("Ana", "writing"), ("Ben", "viewing")]
        await by_ana.delete(path)
        assert [each["name"] for each in (await get(client, path))["data"]] == ["Ben"]

    async def test_ends_by_itself(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/presence"
        await client.put(path)
        tickets.clock.advance(timedelta(seconds=29))
        assert len((await get(client, path))["data"]) == 1
        tickets.clock.advance(timedelta(seconds=1))
        assert (await get(client, path))["data"] == []
