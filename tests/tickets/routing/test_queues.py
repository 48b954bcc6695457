"""What nobody can take waits in its team's queue, and goes to the first who can; if it waits too long, that is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.tickets import TicketResolved, TicketUnassignedTooLong, TicketUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_person, get, know, make_rule, make_team, open_ticket, patch, post

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def of(tickets: Harness, account: UUID, person: UUID) -> httpx.AsyncClient:
    return tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(person)))


async def hear_itself(tickets: Harness, account: UUID) -> None:
    """The service hears the latest news that it has told itself, and does what it then has to do."""
    event = (await tickets.emitted(account, TicketResolved, TicketUpdated))[-1]
    await tickets.deliver(event.data, account=account, subject=event.subject)
    await tickets.run_timers()


async def owners(client: httpx.AsyncClient) -> list[str | None]:
    """Who has which ticket, oldest first."""
    return [ticket["assignee_id"] for ticket in reversed((await get(client, "/v1/tickets"))["data"])]


class TestAQueue:
    async def test_moves_when_somebody_resolves(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        await know(client, ana, capacity=1)
        first, second = [await open_ticket(client, team_id=team) for _ in range(2)]
        assert second["queued_at"] is not None
        await post(client, f"/v1/tickets/{first['id']}/resolve")
        await hear_itself(tickets, account)
        given = await get(client, f"/v1/tickets/{second['id']}")
        assert (given["assignee_id"], given["state"], given["queued_at"]) == (str(ana), "open", None)
        history = (await get(client, f"/v1/tickets/{second['id']}/history"))["data"]
        assert history[1]["changes"]["assignee_id"] == [None, str(ana)]
        explained = await get(client, f"/v1/tickets/{second['id']}/assignment")
        assert explained["decision"]["candidates"][0]["verdict"] == "chosen"

    async def test_moves_when_somebody_waits_for_the_customer(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        await know(client, ana, capacity=1)
        first, _ = [await open_ticket(client, team_id=team) for _ in range(2)]
        await patch(client, f"/v1/tickets/{first['id']}", state="pending")
        await hear_itself(tickets, account)
        assert await owners(client) == [str(ana)] * 2

    async def test_moves_when_somebody_comes_back(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        now = tickets.clock.now()
        away = {"starts_at": (now - HOUR).isoformat(), "ends_at": (now + HOUR).isoformat()}
        await post(client, f"/v1/agents/{ana}/absences", 201, **away)
        await open_ticket(client, team_id=team)
        tickets.clock.advance(59 * MINUTE)
        await tickets.run_timers()
        assert await owners(client) == [None]
        tickets.clock.advance(MINUTE)
        await tickets.run_timers()
        assert await owners(client) == [str(ana)]

    async def test_moves_when_an_absence_is_deleted(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        away = await post(client, f"/v1/agents/{ana}/absences", 201, starts_at="2020-01-01T00:00:00Z")
        await open_ticket(client)
        assert await owners(client) == [None]
        await client.delete(f"/v1/agents/{ana}/absences/{away['id']}")
        await tickets.run_timers()
        assert await owners(client) == [str(ana)]

    async def test_moves_when_hours_begin(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        # A Saturday; Monday was a holiday.
        tickets.clock.advance(datetime(2027, 3, 6, 12, tzinfo=UTC) - tickets.clock.now())
        week = {day: [{"opens": "09:00", "closes": "17:00"}] for day in ("monday", "tuesday")}
        closed = [{"date": "2027-03-08", "name": "Day off", "hours": []}]
        office = await post(client, "/v1/calendars", 201, name="Office", timezone="UTC", week=week, dates=closed)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana, calendar_id=office["id"], longest_unassigned_seconds=2_592_000)
        await open_ticket(client, team_id=team)
        tickets.clock.advance(datetime(2027, 3, 9, 8, 59, tzinfo=UTC) - tickets.clock.now())
        await tickets.run_timers()
        assert await owners(client) == [None]
        tickets.clock.advance(MINUTE)
        await tickets.run_timers()
        assert await owners(client) == [str(ana)]

    async def test_moves_when_somebody_joins_the_team(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        team = await make_team(client)
        await open_ticket(client, team_id=team)
        ana = await add_person(tickets, account, "Ana")
        await client.put(f"/v1/teams/{team}/members/{ana}")
        await tickets.run_timers()
        assert await owners(client) == [str(ana)]

    async def test_gives_the_most_pressing_first_and_no_more_than_there_is_room_for(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client)
        for priority in ("low", "urgent", "normal", "urgent"):
            await open_ticket(client, team_id=team, priority=priority)
            tickets.clock.advance(MINUTE)
        await know(client, ana, capacity=2)
        await client.put(f"/v1/teams/{team}/members/{ana}")
        await tickets.run_timers()
        assert await owners(client) == [None, str(ana), None, str(ana)]

    async def test_does_not_stop_at_what_nobody_can_take(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client)
        await make_rule(client, team, "ticket.tags.exists(t, t == 'wine')", skills=["wine"])
        await open_ticket(client, tags=["wine"], priority="urgent")
        await open_ticket(client, team_id=team)
        await client.put(f"/v1/teams/{team}/members/{ana}")
        await tickets.run_timers()
        assert await owners(client) == [None, str(ana)]
        await know(client, ana, skills=["wine"])
        await tickets.run_timers()
        assert await owners(client) == [str(ana)] * 2

    async def test_takes_what_is_given_back_and_gives_it_to_somebody_else(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        team = await make_team(client, ana)
        path = f"/v1/tickets/{(await open_ticket(client, team_id=team))['id']}"
        given_back = await patch(client, path, assignee_id=None)
        assert given_back["queued_at"] is not None
        await tickets.run_timers()
        [candidate] = (await get(client, f"{path}/assignment"))["decision"]["candidates"]
        assert (candidate["name"], candidate["verdict"]) == ("Ana", "had_it")
        await client.put(f"/v1/teams/{team}/members/{ben}")
        await tickets.run_timers()
        assert (await get(client, path))["assignee_id"] == str(ben)

    async def test_gets_what_moves_to_another_team(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        first, second = await make_team(client, ana), await make_team(client, ben, name="Refunds")
        path = f"/v1/tickets/{(await open_ticket(client, team_id=first))['id']}"
        moved = await patch(client, path, team_id=second)
        assert (moved["team_id"], moved["assignee_id"]) == (second, None)
        await tickets.run_timers()
        assert (await get(client, path))["assignee_id"] == str(ben)
        listed = await get(client, "/v1/tickets", team_id=second)
        assert [ticket["team_id"] for ticket in listed["data"]] == [second]
        # Who is in both keeps it.
        await client.put(f"/v1/teams/{first}/members/{ben}")
        assert (await patch(client, path, team_id=first))["assignee_id"] == str(ben)

    async def test_leaves_alone_what_was_left_with_nobody(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        left = await open_ticket(client, assignee_id=None)
        assert left["queued_at"] is None
        await know(client, ana, capacity=5)
        await tickets.run_timers()
        assert await owners(client) == [None]


class TestWaitingTooLong:
    async def told(self, tickets: Harness, account: UUID) -> list[Any]:
        return [event.data for event in await tickets.emitted(account, TicketUnassignedTooLong)]

    async def test_is_told_once_with_the_team_and_its_lead(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        lead = await add_person(tickets, account, "Lea", "admin")
        team = await make_team(client, lead_id=str(lead), longest_unassigned_seconds=600)
        opened_at = tickets.clock.now()
        ticket = await open_ticket(client, team_id=team)
        tickets.clock.advance(timedelta(seconds=599))
        await tickets.run_timers()
        assert await self.told(tickets, account) == []
        tickets.clock.advance(timedelta(seconds=1))
        await tickets.run_timers()
        await patch(client, f"/v1/tickets/{ticket['id']}", subject="Still late")
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        [told] = await self.told(tickets, account)
        assert (str(told.ticket_id), str(told.team_id), told.lead_id) == (ticket["id"], team, lead)
        assert (told.queued_at, told.allowed_seconds, told.team_name) == (opened_at, 600, "Deliveries")

    async def test_is_not_told_of_what_somebody_has_or_what_is_done(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, longest_unassigned_seconds=600)
        taken, done, _ = [await open_ticket(client, team_id=team) for _ in range(3)]
        await patch(client, f"/v1/tickets/{taken['id']}", assignee_id=str(ana))
        await post(client, f"/v1/tickets/{done['id']}/resolve")
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        assert len(await self.told(tickets, account)) == 1

    async def test_is_told_after_an_hour_without_a_team(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await open_ticket(client)
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        [told] = await self.told(tickets, account)
        assert (told.team_id, told.lead_id, told.allowed_seconds) == (None, None, 3_600)

    async def test_begins_anew_when_somebody_gives_it_back(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana, longest_unassigned_seconds=600)
        path = f"/v1/tickets/{(await open_ticket(client, team_id=team))['id']}"
        tickets.clock.advance(HOUR)
        await patch(client, path, assignee_id=None)
        tickets.clock.advance(timedelta(seconds=600))
        await tickets.run_timers()
        assert len(await self.told(tickets, account)) == 1


class TestTakingATicket:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        assert (await tickets.anonymous().post(f"/v1/tickets/{ticket['id']}/take")).status_code == 401

    async def test_of_another_account_is_not_found(self, tickets: Harness, account: UUID) -> None:
        ticket, other = await open_ticket(tickets.client(account=account)), new_id()
        eve = await add_person(tickets, other, "Eve")
        assert (await of(tickets, other, eve).post(f"/v1/tickets/{ticket['id']}/take")).status_code == 404

    async def test_has_one_winner_and_the_others_hear_who(self, tickets: Harness, account: UUID) -> None:
        """Complaint 40: two agents take the same item."""
        people = {await add_person(tickets, account, name): name for name in ("Ana", "Ben", "Cleo", "Dan")}
        ticket = await open_ticket(tickets.client(account=account), assignee_id=None)
        path = f"/v1/tickets/{ticket['id']}/take"
        answers = await asyncio.gather(*[of(tickets, account, person).post(path) for person in people])
        won = [answer for answer in answers if answer.status_code == 200]
        lost = [answer for answer in answers if answer.status_code == 409]
        assert (len(won), len(lost)) == (1, 3)
        winner = UUID(won[0].json()["assignee_id"])
        assert won[0].json()["state"] == "open"
        for answer in lost:
            assert answer.json()["code"] == "already_taken"
            assert people[winner] in answer.json()["detail"]
            assert [one["code"] for one in answer.json()["errors"]] == [str(winner)]
        again = await of(tickets, account, winner).post(path)
        assert (again.status_code, again.json()["version"]) == (200, won[0].json()["version"])

    async def test_over_from_somebody_works_only_while_they_have_it(self, tickets: Harness, account: UUID) -> None:
        ana, ben, cleo = [await add_person(tickets, account, name) for name in ("Ana", "Ben", "Cleo")]
        ticket = await open_ticket(tickets.client(account=account), assignee_id=str(ana))
        path = f"/v1/tickets/{ticket['id']}/take"
        over = {"over_from": str(ana)}
        answers = await asyncio.gather(*[of(tickets, account, one).post(path, json=over) for one in (ben, cleo)])
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        await patch(tickets.client(account=account), f"/v1/tickets/{ticket['id']}", assignee_id=None)
        nobody = await of(tickets, account, ben).post(path, json=over)
        assert [one["code"] for one in nobody.json()["errors"]] == ["nobody_has_it"]

    async def test_is_for_people(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        path = f"/v1/tickets/{(await open_ticket(client, assignee_id=None))['id']}/take"
        refused = await client.post(path)
        assert [one["pointer"] for one in refused.json()["errors"]] == ["/assignee_id"]
        viewer = await add_person(tickets, account, "Vera", "viewer")
        assert (await of(tickets, account, viewer).post(path)).status_code == 422
        assert (await post(client, path, assignee_id=str(ana)))["assignee_id"] == str(ana)

    async def test_ends_with_the_ticket(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        path = f"/v1/tickets/{(await open_ticket(client, assignee_id=None))['id']}"
        await post(client, f"{path}/resolve")
        await patch(client, path, state="closed")
        assert (await of(tickets, account, ana).post(f"{path}/take")).json()["code"] == "ticket_closed"


class TestCapacity:
    async def test_is_not_exceeded_by_tickets_that_come_at_the_same_moment(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        await know(client, ana, capacity=3)
        keys = [{"Idempotency-Key": f"key-{n}"} if n % 2 else {} for n in range(12)]
        body = {"subject": "Late", "team_id": team}
        opened = await asyncio.gather(*[client.post("/v1/tickets", json=body, headers=key) for key in keys])
        assert {answer.status_code for answer in opened} == {201}
        assert sum(answer.json()["assignee_id"] == str(ana) for answer in opened) == 3
