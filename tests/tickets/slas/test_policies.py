"""Policies: which is whose, what they warn of, how they are applied anew, and what they would have meant."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import PolicyReapplied, TargetMet, TargetMissed, TargetWarned, TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import get, open_ticket, patch, post

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
OFFICE = {
    "name": "Office",
    "timezone": "UTC",
    "week": dict.fromkeys(WEEKDAYS, ({"opens": "09:00", "closes": "17:00"},)),
    "dates": [{"date": "2026-03-03", "name": "Stocktaking"}],
}


def policy(first: int = 3_600, resolution: int = 8 * 3_600, **fields: Any) -> dict[str, Any]:
    more = {name: fields.pop(name) for name in ("next_response_seconds", "periodic_update_seconds") if name in fields}
    one = {"first_response_seconds": first, "resolution_seconds": resolution} | more
    return {"name": "Fast", "targets": dict.fromkeys(("low", "normal", "high", "urgent"), one)} | fields


async def set_default(client: httpx.AsyncClient, **fields: Any) -> str:
    """Returns its id."""
    if not (await get(client, "/v1/sla-policies"))["data"]:
        await open_ticket(client)
    standing = (await get(client, "/v1/sla-policies"))["data"][-1]
    answer = await client.put(f"/v1/sla-policies/{standing['id']}", json=policy(**fields))
    assert answer.status_code == 200, answer.text
    identifier: str = standing["id"]
    return identifier


async def told(tickets: Harness, account: UUID, *types: Any) -> list[Any]:
    return [event.data for event in await tickets.emitted(account, *types)]


class TestWhichOne:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        anonymous, one = tickets.anonymous(), f"/v1/sla-policies/{new_id()}"
        calls = [("POST", "/v1/sla-policies"), ("DELETE", one), ("GET", f"{one}/versions"), ("POST", f"{one}/what-if")]
        calls += [("POST", f"{one}/reapply"), ("POST", f"/v1/tickets/{new_id()}/sla/reapply")]
        for method, path in calls:
            assert (await anonymous.request(method, path, json={})).status_code == 401

    async def test_is_the_first_that_fits(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await set_default(client, name="Rest")
        for position, name, conditions in (
            (3, "Phone", {"channels": ["phone"]}),
            (1, "Urgent mail", {"channels": ["email"], "priorities": ["urgent", "high"]}),
            (2, "Gold", {"tags": ["gold", "platinum"]}),
        ):
            await post(client, "/v1/sla-policies", 201, **policy(name=name, position=position, conditions=conditions))
        listed = [one["name"] for one in (await get(client, "/v1/sla-policies"))["data"]]
        assert listed == ["Urgent mail", "Gold", "Phone", "Rest"]
        found = []
        for fields in (
            {"channel": "email", "priority": "high", "tags": ["gold"]},
            {"channel": "email", "priority": "low", "tags": ["new", "gold"]},
            {"channel": "phone"},
            {"channel": "email"},
        ):
            ticket = await open_ticket(client, **fields)
            agreement = (await get(client, f"/v1/tickets/{ticket['id']}/sla"))["agreement"]
            found.append(agreement["policy_name"])
        assert found == ["Urgent mail", "Gold", "Phone", "Rest"]

    async def test_is_never_one_that_was_removed(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client, name="Rest")
        made = await post(client, "/v1/sla-policies", 201, **policy(60))
        before = await open_ticket(client)
        assert (await client.delete(f"/v1/sla-policies/{made['id']}")).status_code == 204
        after = await open_ticket(client)
        names = [
            (await get(client, f"/v1/tickets/{one['id']}/sla"))["agreement"]["policy_name"] for one in (before, after)
        ]
        assert names == ["Fast", "Rest"]
        assert (await client.delete(f"/v1/sla-policies/{default}")).json()["code"] == "default_policy"

    async def test_is_the_default_for_what_is_left_whatever_else(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client)
        body = policy(conditions={"channels": ["email"]})
        assert (await client.put(f"/v1/sla-policies/{default}", json=body)).json()["code"] == "default_policy"

    async def test_remembers_what_it_was(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client, name="Slow")
        versions = (await get(client, f"/v1/sla-policies/{default}/versions"))["data"]
        assert [(one["version"], one["policy"]["name"]) for one in versions] == [(2, "Slow"), (1, "Standard")]

    @pytest.mark.parametrize(
        "fields",
        [{"warn_at": [0]}, {"warn_at": [100]}, {"paused_in": {"resolution": ["open"]}}, {"calendar_id": str(new_id())}],
    )
    async def test_refuses_what_makes_no_sense(self, tickets: Harness, account: UUID, fields: Any) -> None:
        client = tickets.client(account=account)
        assert (await client.post("/v1/sla-policies", json=policy(**fields))).status_code == 422


class TestWarnings:
    async def test_come_at_the_percentages_and_once(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await set_default(client, first=10 * 60, resolution=1_000 * 60, warn_at=[50, 90])
        ticket = await open_ticket(client)
        # Before the first, after it, once more, after the second, and when it is too late.
        for minutes in (4, 2, 1, 3, 2):
            tickets.clock.advance(minutes * MINUTE)
            await tickets.run_timers()
        warned = [one for one in await told(tickets, account, TargetWarned) if str(one.ticket_id) == ticket["id"]]
        assert [(one.target, one.percent) for one in warned] == [("first_response", 50), ("first_response", 90)]

    async def test_say_the_highest_of_those_that_nobody_heard(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await set_default(client, first=10 * 60, resolution=1_000 * 60, warn_at=[10, 50, 90])
        ticket = await open_ticket(client)
        tickets.clock.advance(6 * MINUTE)
        await tickets.run_timers()
        warned = [
            one.percent for one in await told(tickets, account, TargetWarned) if str(one.ticket_id) == ticket["id"]
        ]
        assert warned == [50]

    async def test_do_not_come_for_what_was_done_or_missed(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await set_default(client, first=10 * 60, resolution=20 * 60)
        answered, late = [await open_ticket(client) for _ in range(2)]
        await post(client, f"/v1/tickets/{answered['id']}/messages", 201, text="Sorry")
        tickets.clock.advance(11 * MINUTE)
        await tickets.run_timers()
        warned = {
            str(one.ticket_id) for one in await told(tickets, account, TargetWarned) if one.target == "first_response"
        }
        assert warned & {answered["id"], late["id"]} == set()
        assert late["id"] in {str(one.ticket_id) for one in await told(tickets, account, TargetMissed)}


class TestTheOtherTargets:
    async def test_answers_and_updates_are_waited_for_one_after_the_other(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        await set_default(client, resolution=1_000 * 3_600, periodic_update_seconds=7_200)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        assert (await get(client, f"{path}/sla"))["periodic_update"] is None
        await post(client, f"{path}/messages", 201, text="We are looking at it.")
        assert (await get(client, f"{path}/sla"))["periodic_update"]["due_at"] == "2026-03-02T11:00:00Z"
        tickets.clock.advance(2 * HOUR)
        await post(client, f"{path}/messages", 201, text="Still looking.")
        tickets.clock.advance(3 * HOUR)
        await tickets.run_timers()
        missed = [
            one.due_at.hour for one in await told(tickets, account, TargetMissed) if one.target == "periodic_update"
        ]
        assert missed == [13]
        await post(client, f"{path}/messages", 201, text="Found it.")
        met = [one.target for one in await told(tickets, account, TargetMet)]
        assert met == ["first_response", "periodic_update"]
        updates = (await get(client, f"{path}/sla/explain"))["periodic_updates"]
        assert [one["standing"] for one in updates] == ["met", "missed", "running"]

    async def test_a_first_answer_tells_its_time_on_the_clock_though_it_is_late(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        await set_default(client)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        tickets.clock.advance(2 * HOUR)
        await tickets.run_timers()
        for words in ("We are sorry.", "It is on its way."):
            await post(client, f"{path}/messages", 201, text=words)
        assert [one.first_response_seconds for one in await told(tickets, account, TicketReplied)] == [7_200, None]

    async def test_what_a_machine_says_is_no_answer(self, tickets: Harness, account: UUID) -> None:
        """chatwoot #6409, #8477: a bot's message stopped the clock of the first response."""
        bot = tickets.client(account=account, actor=Actor(ActorKind.BOT, "assistant"))
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(bot, f"{path}/messages", 201, text="Have you tried turning it off and on?")
        assert (await get(client, f"{path}/sla"))["first_response"]["standing"] == "running"
        await post(client, f"{path}/messages", 201, text="We are sorry.")
        assert (await get(client, f"{path}/sla"))["first_response"]["standing"] == "met"


class TestAppliedAnew:
    async def test_to_one_ticket(self, tickets: Harness, account: UUID) -> None:
        """glpi #6902: the time that had passed was lost when the policy changed."""
        client = tickets.client(account=account)
        await set_default(client, resolution=8 * 3_600)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        tickets.clock.advance(HOUR)
        await patch(client, path, state="pending")
        tickets.clock.advance(2 * HOUR)
        await patch(client, path, state="open")
        await set_default(client, resolution=4 * 3_600)
        assert (await get(client, path))["resolution_due_at"] == "2026-03-02T19:00:00Z"
        sla = await post(client, f"{path}/sla/reapply")
        assert (sla["resolution"]["elapsed"], sla["resolution"]["due_at"]) == ("PT1H", "2026-03-02T15:00:00Z")
        [reapplied] = await told(tickets, account, PolicyReapplied)
        assert (reapplied.policy_version, reapplied.missed) == (3, ("first_response",))
        assert await post(client, f"{path}/sla/reapply") == sla
        assert len(await told(tickets, account, PolicyReapplied)) == 1

    async def test_takes_back_a_miss_that_is_none(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await set_default(client)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        tickets.clock.advance(2 * HOUR)
        await tickets.run_timers()
        assert (await get(client, f"{path}/sla"))["first_response"]["standing"] == "missed"
        await set_default(client, first=10 * 3_600)
        assert (await post(client, f"{path}/sla/reapply"))["first_response"]["standing"] == "running"

    async def test_not_to_what_is_over(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        await post(client, f"{path}/resolve")
        assert (await client.post(f"{path}/sla/reapply")).json()["code"] == "nothing_runs"

    async def test_to_all_open_ones_with_progress(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client)
        opened = [await open_ticket(client) for _ in range(3)]
        other = await post(client, "/v1/sla-policies", 201, **policy(name="Other", conditions={"tags": ["x"]}))
        untouched = await open_ticket(client, tags=["x"])
        await post(client, f"/v1/tickets/{opened[0]['id']}/resolve")
        calendar = await post(client, "/v1/calendars", 201, **OFFICE)
        await set_default(client, resolution=9 * 3_600, hours="calendar", calendar_id=calendar["id"])
        begun = await post(client, f"/v1/sla-policies/{default}/reapply", 202)
        assert (begun["total"], begun["done"], begun["finished_at"]) == (4, 0, None)
        await tickets.run_timers()
        after = await get(client, f"/v1/sla-policies/{default}/reapplications/{begun['id']}")
        # With the one by which the account got its policy; the other policy's ticket was looked at, not changed.
        assert (after["done"], after["changed"], after["finished_at"] is not None) == (4, 3, True)
        due = [(await get(client, f"/v1/tickets/{one['id']}"))["resolution_due_at"] for one in (*opened, untouched)]
        assert due == ["2026-03-02T17:00:00Z", *["2026-03-04T10:00:00Z"] * 2, "2026-03-02T17:00:00Z"]
        stranger = tickets.client(account=new_id())
        assert (await stranger.get(f"/v1/sla-policies/{other['id']}/reapplications/{begun['id']}")).status_code == 404

    async def test_together_are_written_down_like_one_alone(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client, resolution=600)
        alone, together, current = [await open_ticket(client) for _ in range(3)]
        tickets.clock.advance(timedelta(seconds=601))
        await tickets.run_timers()
        await set_default(client, resolution=9 * 3_600)
        for one in (alone, current):
            await post(client, f"/v1/tickets/{one['id']}/sla/reapply")
        before = await get(client, f"/v1/tickets/{current['id']}")
        await post(client, f"/v1/sla-policies/{default}/reapply", 202)
        await tickets.run_timers()
        rows = [(await get(client, f"/v1/tickets/{one['id']}/history"))["data"] for one in (alone, together)]
        told = [[(row["version"], row["action"], row["state"], row["changes"]) for row in those] for those in rows]
        assert told[0] == told[1]
        assert "policy_reapplied" in [action for _, action, _, _ in told[1]]
        standings = [await get(client, f"/v1/tickets/{one['id']}/sla") for one in (alone, together)]
        assert standings[0] | {"ticket_id": together["id"]} == standings[1]
        assert await get(client, f"/v1/tickets/{current['id']}") == before


class TestWhatIf:
    async def test_shows_what_would_have_been_missed(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client, first=2 * 3_600)
        tickets.clock.advance(24 * HOUR)
        quick, slow, open_one = [await open_ticket(client) for _ in range(3)]
        for ticket, hours in ((quick, 1), (slow, 2)):
            tickets.clock.advance(hours * HOUR)
            await post(client, f"/v1/tickets/{ticket['id']}/messages", 201, text="Sorry")
        before = await get(client, f"/v1/tickets/{open_one['id']}")
        tickets.clock.advance(HOUR)
        answer = await post(client, f"/v1/sla-policies/{default}/what-if", days=1, policy=policy(first=4 * 3_600))
        first = answer["targets"][0]
        assert (answer["tickets"], first["target"]) == (3, "first_response")
        assert first["was"] == {"due": 3, "met": 1, "missed": 2, "pending": 0, "attainment_percent": 33.33}
        assert first["would_be"] == {"due": 2, "met": 2, "missed": 0, "pending": 1, "attainment_percent": 100.0}
        changes = {one["number"]: (one["was"]["standing"], one["would_be"]["standing"]) for one in answer["changes"]}
        assert changes[slow["number"]] == ("missed", "met")
        assert await get(client, f"/v1/tickets/{open_one['id']}") == before

    async def test_of_another_calendar(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client, first=3_600)
        tickets.clock.advance(9 * HOUR)
        ticket = await open_ticket(client)
        tickets.clock.advance(2 * HOUR)
        answer = await post(client, f"/v1/sla-policies/{default}/what-if", days=1, calendar=OFFICE)
        [change] = [one for one in answer["changes"] if one["ticket_id"] == ticket["id"]]
        assert change["was"] == {"due_at": "2026-03-02T19:00:00Z", "standing": "missed"}
        # Tuesday is closed for stocktaking.
        assert change["would_be"] == {"due_at": "2026-03-04T10:00:00Z", "standing": "running"}

    async def test_about_nothing_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        default = await set_default(client)
        assert (await client.post(f"/v1/sla-policies/{default}/what-if", json={"days": 7})).status_code == 422


class TestTheExplanation:
    async def test_says_why_a_ticket_was_late(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        calendar = await post(client, "/v1/calendars", 201, **OFFICE)
        await set_default(client, resolution=9 * 3_600, hours="calendar", calendar_id=calendar["id"])
        path = f"/v1/tickets/{(await open_ticket(client))['id']}"
        tickets.clock.advance(4 * HOUR)
        await patch(client, path, state="pending")
        tickets.clock.advance(HOUR)
        await patch(client, path, state="open")
        tickets.clock.advance(timedelta(days=1, hours=22))
        await post(client, f"{path}/resolve")
        ledger = (await get(client, f"{path}/sla/explain"))["resolution"]
        assert [(one["kind"], one["name"], one["duration"]) for one in ledger["segments"]] == [
            ("running", None, "PT4H"),
            ("paused", None, "PT1H"),
            ("running", None, "PT3H"),
            ("outside_hours", None, "PT7H"),
            ("holiday", "Stocktaking", "P1D"),
            ("outside_hours", None, "PT9H"),
            ("running", None, "PT3H"),
        ]
        assert ledger["summary"] == (
            "The solution was due on Wed 4 Mar 2026, 11:00 UTC, and came 1 hour late. Of 9 hours allowed, 10 hours are "
            "used up. Not counted: 16 hours outside hours, 1 day on holidays (Stocktaking), 1 hour while paused."
        )
        assert ledger["late_by"] == "PT1H"
