"""Tickets out of sight until something is to be done."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.tickets import TicketEscalated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post
from tests.tickets.merging.test_merging import message


class TestSnoozing:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/snooze"
        for client, status in ((tickets.anonymous(), 401), (tickets.client(account=new_id()), 404)):
            assert (await client.post(path)).status_code == status
            assert (await client.delete(path)).status_code == status

    async def test_ends_when_the_time_has_come(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='low'))['id']}"
        until = "2026-03-02T12:00:00Z"
        asleep = await post(client, f"{path}/snooze", until=until, reason="The carrier calls at noon")
        assert (asleep["snoozed"], asleep["snoozed_until"]) == (True, until)
        assert (await get(client, "/v1/tickets", snoozed="false"))["data"] == []
        tickets.clock.advance(timedelta(hours=3, microseconds=-1))
        await tickets.run_timers()
        assert (await get(client, path))["snoozed"] is True
        tickets.clock.advance(timedelta(microseconds=1))
        await tickets.run_timers()
        assert ((await get(client, path))["snoozed"], (await get(client, path))["state"]) == (False, "new")
        actions = [change["action"] for change in (await get(client, f"{path}/history"))["data"]]
        assert actions == ["opened", "snoozed", "woken"]

    async def test_ends_when_the_customer_writes(self, tickets: Harness, account: UUID) -> None:
        client, thread_id = tickets.client(account=account), new_id()
        await tickets.deliver(message(thread_id, "Where is it?", tickets.clock.now()), account=account)
        ticket = await open_ticket(client)
        path = f"/v1/tickets/{ticket['id']}"
        await post(client, f"{path}/snooze")
        wrote = message(thread_id, "Hello?", tickets.clock.now()).model_copy(update={"ticket_id": UUID(ticket["id"])})
        await tickets.deliver(wrote, account=account)
        assert (await get(client, path))["snoozed"] is False

    async def test_is_over_when_the_work_is(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/snooze", until="2026-03-02T12:00:00Z")
        assert (await post(client, f"{path}/resolve"))["snoozed"] is False
        assert (await client.post(f"{path}/snooze")).json()["code"] == "not_active"
        tickets.clock.advance(timedelta(days=1))
        await tickets.run_timers()
        assert (await get(client, f"{path}/history"))["data"][-1]["action"] == "resolved"

    async def test_keeps_the_promises_to_the_customer(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        path = f"/v1/tickets/{ticket['id']}"
        asleep = await post(client, f"{path}/snooze")
        assert asleep["resolution_due_at"] == ticket["resolution_due_at"]
        awake = (await client.delete(f"{path}/snooze")).json()
        assert (awake["snoozed"], awake["version"]) == (False, 3)
        assert (await client.delete(f"{path}/snooze")).json()["version"] == 3

    @pytest.mark.parametrize("until", ["2026-03-02T09:00:00Z", "2027-03-04T09:00:00Z", "2026-03-02T12:00:00"])
    async def test_until_no_time_at_all_is_refused(self, tickets: Harness, account: UUID, until: str) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}/snooze"
        assert (await client.post(path, json={"until": until})).status_code == 422


class TestEscalating:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/tickets/{(await open_ticket(tickets.client(account=account)))['id']}/escalate"
        for client, status in ((tickets.anonymous(), 401), (tickets.client(account=new_id()), 404)):
            assert (await client.post(path, json={"reason": "x"})).status_code == status

    async def test_raises_the_priority_and_tells(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = str(await add_person(tickets, account, "Ana"))
        path = f"/v1/tickets/{(await open_ticket(client, priority='high', assignee_id=None))['id']}"
        body: dict[str, Any] = {"reason": "She waits for a week", "assignee_id": ana}
        first = await post(client, f"{path}/escalate", **body)
        assert (first["priority"], first["assignee_id"], first["escalation_level"]) == ("urgent", ana, 1)
        again = await post(client, f"{path}/escalate", reason="Still")
        assert (again["priority"], again["escalation_level"]) == ("urgent", 2)
        levels = [event.data for event in await tickets.emitted(account, TicketEscalated)]
        assert [(e.level, e.reason) for e in levels if isinstance(e, TicketEscalated)] == [
            (1, "She waits for a week"),
            (2, "Still"),
        ]
        assert [t["number"] for t in (await get(client, "/v1/tickets", escalated="true"))["data"]] == [1]

    async def test_names_the_lead_and_who_watches(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        lead, ana = [str(await add_person(tickets, account, name)) for name in ("Lea", "Ana")]
        team = await post(client, "/v1/teams", 201, name="Deliveries", lead_id=lead)
        path = f"/v1/tickets/{(await open_ticket(client, team_id=team['id']))['id']}"
        assert (await client.put(f"{path}/watchers/{ana}")).status_code == 204
        await post(client, f"{path}/escalate", reason="x")
        [event] = await tickets.emitted(account, TicketEscalated)
        assert isinstance(event.data, TicketEscalated)
        assert (str(event.data.lead_id), [str(each) for each in event.data.watcher_ids]) == (lead, [ana])
        assert event.data.author_name

    async def test_of_what_is_done_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/resolve")
        assert (await client.post(f"{path}/escalate", json={"reason": "x"})).json()["code"] == "not_active"
        assert (await client.post(f"{path}/escalate", json={})).status_code == 422
        await patch(client, path, state="closed")
