"""Targets on real tickets: policies, due times, alarms, and the explanation of it all."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import TypeAdapter

from services.tickets.cases.repository import lock_ticket
from shared.contracts.tickets import TargetMissed, TicketOpened
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, open_ticket, patch, post, requested

DURATION = TypeAdapter(timedelta)
MOMENT = TypeAdapter(datetime)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def span(value: str) -> timedelta:
    return DURATION.validate_python(value)


def targets(first: int, resolution: int) -> dict[str, Any]:
    one = {"first_response_seconds": first, "resolution_seconds": resolution}
    return dict.fromkeys(("low", "normal", "high", "urgent"), one)


async def missed(tickets: Harness, account: UUID) -> list[str]:
    events = [event.data for event in await tickets.emitted(account, TargetMissed)]
    return [event.target for event in events if isinstance(event, TargetMissed)]


async def tickets_missed(tickets: Harness, account: UUID) -> set[str]:
    return {str(event.subject) for event in await tickets.emitted(account, TargetMissed)}


class TestPolicies:
    async def test_need_a_credential(self, tickets: Harness) -> None:
        anonymous, path = tickets.anonymous(), f"/v1/sla-policies/{new_id()}"
        assert (await anonymous.get("/v1/sla-policies")).status_code == 401
        assert (await anonymous.get(path)).status_code == 401
        assert (await anonymous.put(path, json={"name": "x", "targets": targets(60, 60)})).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        await open_ticket(client)
        [policy] = (await get(client, "/v1/sla-policies"))["data"]
        path = f"/v1/sla-policies/{policy['id']}"
        assert (await get(other, "/v1/sla-policies"))["data"] == []
        assert (await other.get(path)).status_code == 404
        assert (await other.put(path, json={"name": "x", "targets": targets(60, 60)})).status_code == 404
        assert await get(client, path) == policy

    async def test_can_be_changed_by_whoever_read_the_latest(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        before = await open_ticket(client)
        [policy] = (await get(client, "/v1/sla-policies"))["data"]
        path, body = f"/v1/sla-policies/{policy['id']}", {"name": "Fast", "targets": targets(600, 3600)}
        changed = await client.put(path, json=body, headers={"If-Match": '"1"'})
        assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (200, '"2"', 2)
        assert (await client.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.put(path, json=body)).json()["version"] == 2
        after = await open_ticket(client)
        assert after["resolution_due_at"] == "2026-03-02T10:00:00Z"
        assert (await get(client, f"/v1/tickets/{before['id']}")) == before

    @pytest.mark.parametrize("seconds", [0, -5, 59, 31_536_001, "soon"])
    async def test_refuse_targets_that_are_no_targets(self, tickets: Harness, account: UUID, seconds: Any) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        [policy] = (await get(client, "/v1/sla-policies"))["data"]
        low = {"first_response_seconds": seconds, "resolution_seconds": 60}
        body = {"name": "x", "targets": targets(600, 3600) | {"low": low}}
        response = await client.put(f"/v1/sla-policies/{policy['id']}", json=body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/targets/low/first_response_seconds"


class TestWhereATicketStands:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        for path in ("sla", "sla/explain"):
            assert (await tickets.anonymous().get(f"/v1/tickets/{ticket['id']}/{path}")).status_code == 401

    async def test_of_another_account_is_not_found(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        for path in ("sla", "sla/explain"):
            response = await tickets.client(account=new_id()).get(f"/v1/tickets/{ticket['id']}/{path}")
            assert response.status_code == 404

    async def test_shows_both_targets(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}/sla"
        tickets.clock.advance(90 * MINUTE)
        sla = await get(client, path)
        assert sla["first_response"] == {
            "target": "first_response",
            "standing": "missed",
            "allowance": "PT1H",
            "elapsed": "PT1H30M",
            "remaining": "-PT30M",
            "started_at": "2026-03-02T09:00:00Z",
            "due_at": "2026-03-02T10:00:00Z",
            "met_at": None,
            "missed_at": "2026-03-02T10:00:00Z",
        }
        assert (sla["resolution"]["standing"], sla["resolution"]["remaining"]) == ("running", "PT6H30M")

    async def test_pending_pauses_the_work_and_not_the_wait(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        tickets.clock.advance(2 * HOUR)
        pending = await patch(client, path, state="pending")
        assert pending["resolution_due_at"] is None
        sla = await get(client, f"{path}/sla")
        assert (sla["first_response"]["standing"], sla["resolution"]["standing"]) == ("missed", "paused")
        tickets.clock.advance(30 * HOUR)
        resumed = await patch(client, path, state="open")
        assert resumed["resolution_due_at"] == "2026-03-03T23:00:00Z"
        assert (await get(client, f"{path}/sla"))["resolution"]["elapsed"] == "PT2H"

    async def test_another_priority_brings_its_targets_and_keeps_the_time(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='low'))['id']}"
        tickets.clock.advance(HOUR)
        raised = await patch(client, path, priority="high")
        assert raised["first_response_due_at"] == "2026-03-02T13:00:00Z"
        assert raised["resolution_due_at"] == "2026-03-03T09:00:00Z"
        assert (await get(client, f"{path}/sla"))["resolution"]["elapsed"] == "PT1H"

    async def test_is_explained_to_the_microsecond(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        for step in ("pending", "open", "resolved", "open", "pending", "open"):
            tickets.clock.advance(timedelta(hours=1, microseconds=7))
            await patch(client, path, state=step)
        tickets.clock.advance(timedelta(microseconds=1))
        explanation = await get(client, f"{path}/sla/explain")
        for target in ("first_response", "resolution"):
            ledger = explanation[target]
            segments = ledger["segments"]
            durations = [span(segment["duration"]) for segment in segments]
            counted = [d for d, segment in zip(durations, segments, strict=True) if segment["counted"]]
            whole = MOMENT.validate_python(ledger["end"]) - MOMENT.validate_python(ledger["start"])
            assert sum(durations, timedelta()) == span(ledger["total"]) == whole
            assert sum(counted, timedelta()) == span(ledger["elapsed"])
            assert all(segment["reason"] for segment in segments)
            assert ledger["elapsed"] == (await get(client, f"{path}/sla"))[target]["elapsed"]
        states = [(segment["state"], segment["counted"]) for segment in explanation["resolution"]["segments"]]
        assert states == [
            ("new", True),
            ("pending", False),
            ("open", True),
            ("resolved", False),
            ("open", True),
            ("pending", False),
            ("open", True),
        ]


class TestAlarms:
    async def test_ring_once_for_each_target(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        assert await missed(tickets, account) == []
        tickets.clock.advance(timedelta(microseconds=1))
        await tickets.run_timers()
        assert await missed(tickets, account) == ["first_response"]
        tickets.clock.advance(30 * HOUR)
        for _ in range(2):
            await tickets.run_timers()
        assert await missed(tickets, account) == ["first_response", "resolution"]
        await post(client, f"{path}/messages", 201, text="Sorry")
        await post(client, f"{path}/resolve")
        await post(client, f"{path}/reopen", reason="Again")
        await tickets.run_timers()
        assert await missed(tickets, account) == ["first_response", "resolution"]
        actions = [change["action"] for change in (await get(client, f"{path}/history"))["data"]]
        assert actions.count("target_missed") == 2

    async def test_ring_once_even_if_two_workers_hear_the_time(self, tickets: Harness, account: UUID) -> None:
        await open_ticket(tickets.client(account=account), priority="urgent")
        tickets.clock.advance(9 * HOUR)
        await asyncio.gather(*(tickets.run_timers() for _ in range(3)))
        # A ticket that another timer holds in this moment is looked at a second later.
        tickets.clock.advance(timedelta(seconds=1))
        await tickets.run_timers()
        assert sorted(await missed(tickets, account)) == ["first_response", "resolution"]

    async def test_stay_silent_if_the_target_was_met_in_its_last_moment(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        tickets.clock.advance(HOUR)
        await post(client, f"{path}/messages", 201, text="Sorry")
        tickets.clock.advance(7 * HOUR)
        await post(client, f"{path}/resolve")
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        assert await missed(tickets, account) == []
        sla = await get(client, f"{path}/sla")
        assert (sla["first_response"]["standing"], sla["resolution"]["standing"]) == ("met", "met")

    async def test_that_could_not_ring_are_heard_when_the_answer_comes_late(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        tickets.clock.advance(2 * HOUR)
        await post(client, f"{path}/messages", 201, text="Sorry, we had no power")
        assert await missed(tickets, account) == ["first_response"]
        await tickets.run_timers()
        assert await missed(tickets, account) == ["first_response"]
        assert (await get(client, f"{path}/sla"))["first_response"]["standing"] == "missed"

    @pytest.mark.parametrize("change", [{"state": "resolved"}, {"state": "pending"}, {"priority": "low"}])
    async def test_that_could_not_ring_are_heard_when_a_change_would_hide_them(
        self, tickets: Harness, account: UUID, change: dict[str, str]
    ) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        tickets.clock.advance(9 * HOUR)
        await patch(client, path, **change)
        assert sorted(await missed(tickets, account)) == ["first_response", "resolution"]
        await tickets.run_timers()
        assert len(await missed(tickets, account)) == 2

    async def test_that_could_not_ring_are_heard_when_it_is_resolved(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        tickets.clock.advance(2 * HOUR)
        await post(client, f"{path}/resolve")
        assert await missed(tickets, account) == ["first_response"]

    async def test_follow_the_due_time_through_a_pause(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client, priority='urgent'))['id']}"
        await post(client, f"{path}/messages", 201, text="Which colour was it?")
        await patch(client, path, state="pending")
        tickets.clock.advance(100 * HOUR)
        await tickets.run_timers()
        await patch(client, path, state="open")
        tickets.clock.advance(8 * HOUR)
        await tickets.run_timers()
        assert await missed(tickets, account) == []
        tickets.clock.advance(timedelta(microseconds=1))
        await tickets.run_timers()
        assert await missed(tickets, account) == ["resolution"]

    async def test_are_not_late_from_the_start_if_the_request_came_late(self, tickets: Harness, account: UUID) -> None:
        wanted = tickets.event(requested(priority="urgent"), account=account)
        tickets.clock.advance(timedelta(days=30))
        await tickets.deliver_raw([wanted])
        await tickets.run_timers()
        assert await missed(tickets, account) == []
        [opened] = await tickets.emitted(account, TicketOpened)
        assert isinstance(opened.data, TicketOpened)
        assert opened.data.first_response_due_at == tickets.clock.now() + HOUR

    async def test_of_a_ticket_that_somebody_holds_ring_a_second_later(self, tickets: Harness, account: UUID) -> None:
        """To wait for them could be for ever: they may be about to move the alarm that rings. Others do not wait."""
        client = tickets.client(account=account)
        await add_person(tickets, account, "Ana")  # whoever looks for somebody would wait for the ticket too
        held, free = [await open_ticket(client, priority="urgent") for _ in range(2)]
        tickets.clock.advance(2 * HOUR)
        async with tickets.work(account) as work:
            await lock_ticket(work, UUID(held["id"]))
            await tickets.run_timers()
            assert await tickets_missed(tickets, account) == {free["id"]}
        await tickets.run_timers()
        assert await tickets_missed(tickets, account) == {free["id"]}
        tickets.clock.advance(timedelta(seconds=1))
        await tickets.run_timers()
        assert await tickets_missed(tickets, account) == {held["id"], free["id"]}
