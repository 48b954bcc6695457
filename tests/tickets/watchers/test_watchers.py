"""Who watches a ticket, and whom a note means."""

from uuid import UUID

import pytest

from services.tickets.people.models import Person
from services.tickets.watchers.service import mentioned_in
from shared.contracts.tickets import PeopleMentioned
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, post

PEOPLE = {"Ana Sousa": new_id(), "Ana Lima": new_id(), "Ben Otto": new_id(), "Åse": new_id()}


class TestWatchers:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/watchers"
        assert (await tickets.anonymous().get(path)).status_code == 401
        assert (await tickets.anonymous().put(f"{path}/{new_id()}")).status_code == 401

    async def test_of_another_accounts_ticket_are_not_found(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/watchers"
        other = tickets.client(account=new_id())
        assert (await other.get(path)).status_code == 404
        assert (await other.put(f"{path}/{new_id()}")).status_code == 404

    async def test_come_and_go(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = str(await add_person(tickets, account, "Ana"))
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/watchers"
        for _ in range(2):
            assert (await client.put(f"{path}/{ana}")).status_code == 204
        [watcher] = (await get(client, path))["data"]
        assert (watcher["user_id"], watcher["name"], watcher["because"]) == (ana, "Ana", "asked")
        for _ in range(2):
            assert (await client.delete(f"{path}/{ana}")).status_code == 204
        assert (await get(client, path))["data"] == []

    async def test_are_people_who_work_here(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/watchers"
        assert (await client.put(f"{path}/{new_id()}")).status_code == 404


class TestAMention:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("@Ana Sousa, please look", ["Ana Sousa"]),
            ("@ana   sousa and @BEN", ["Ana Sousa", "Ben Otto"]),
            ("@Ana look", []),  # which of the two?
            ("ask @Åse!", ["Åse"]),
            ("ana@ben.example is her address", []),
            ("@Benjamin", []),
            ("@Ben @Ben Otto", ["Ben Otto"]),
        ],
    )
    def test_means_whom_it_names(self, text: str, names: list[str]) -> None:
        people = [Person(id=identifier, name=name) for name, identifier in PEOPLE.items()]
        assert mentioned_in(text, people) == sorted(PEOPLE[name] for name in names)

    async def test_in_a_note_makes_people_watch_and_tells_them(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana Sousa")
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/messages", 201, text="@Ana, do you know her?", internal=True)
        [watcher] = (await get(client, f"{path}/watchers"))["data"]
        assert (watcher["user_id"], watcher["because"]) == (str(ana), "mentioned")
        [event] = await tickets.emitted(account, PeopleMentioned)
        assert isinstance(event.data, PeopleMentioned)
        assert event.data.user_ids == (ana,)
        assert b"do you know" not in event.raw

    async def test_in_an_answer_is_only_text(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await add_person(tickets, account, "Ana Sousa")
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/messages", 201, text="Write to us @Ana")
        assert (await get(client, f"{path}/watchers"))["data"] == []
