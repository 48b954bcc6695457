"""Tickets go to the team that a rule names, and there to somebody who can take them; and it can be seen why."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.contracts.customers import CustomerCreated
from shared.contracts.gateway import UserRemoved
from shared.contracts.notifier import FeedbackFacts
from shared.contracts.tickets import TicketOpened, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.tickets.builders import (
    add_person,
    get,
    know,
    make_rule,
    make_team,
    open_ticket,
    patch,
    post,
    requested,
)

PATH = "/v1/routing-rules"


def said(**fields: Any) -> FeedbackFacts:
    nothing = dict.fromkeys(
        ("language", "rating", "band", "sentiment", "urgency", "touchpoint", "journey_stage", "location_ref")
    )
    values: dict[str, Any] = {"kind": "review", "channel": "google", "source": "google", "product_ref": None}
    return FeedbackFacts.model_validate(nothing | values | {"topics": (), "dimensions": {}} | fields)


async def whose(client: httpx.AsyncClient, **fields: Any) -> str | None:
    """Who gets the next ticket."""
    ticket = await open_ticket(client, **fields)
    owner: str | None = ticket["assignee_id"]
    return owner


async def verdicts(client: httpx.AsyncClient, ticket: dict[str, Any]) -> dict[str, str]:
    """Of each candidate, by name."""
    found = await get(client, f"/v1/tickets/{ticket['id']}/assignment")
    return {one["name"]: one["verdict"] for one in found["decision"]["candidates"]}


class TestRules:
    async def test_need_a_credential(self, tickets: Harness, account: UUID) -> None:
        client, anonymous = tickets.client(account=account), tickets.anonymous()
        rule, ticket = await make_rule(client, await make_team(client)), await open_ticket(client)
        assert (await anonymous.post(PATH, json={})).status_code == 401
        assert (await anonymous.post(f"{PATH}/simulate", json={})).status_code == 401
        for path in (PATH, f"{PATH}/{rule['id']}", f"/v1/tickets/{ticket['id']}/assignment"):
            assert (await anonymous.get(path)).status_code == 401

    async def test_of_another_account_are_not_found(self, tickets: Harness, account: UUID) -> None:
        client, other = tickets.client(account=account), tickets.client(account=new_id())
        team = await make_team(client)
        rule, ticket = await make_rule(client, team), await open_ticket(client)
        assert (await get(other, PATH))["data"] == []
        for response in (
            await other.get(f"{PATH}/{rule['id']}"),
            await other.patch(f"{PATH}/{rule['id']}", json={"name": "x"}),
            await other.delete(f"{PATH}/{rule['id']}"),
            await other.get(f"/v1/tickets/{ticket['id']}/assignment"),
        ):
            assert response.status_code == 404
        theirs = await other.post(PATH, json={"name": "x", "team_id": team})
        assert [problem["code"] for problem in theirs.json()["errors"]] == ["unknown_team"]

    @pytest.mark.parametrize(
        ("condition", "code"),
        [
            ("ticket.colour == 'red'", "unknown_field"),
            ("customer.attributes.plan ==", "syntax"),
            ("ticket.subject", "not_boolean"),
            ("rating < 3", "unknown_field"),
            ("ticket.priority < 3", "dry_run"),
            ("feedback.stars > 3", "unknown_field"),
        ],
    )
    async def test_that_make_no_sense_are_refused_when_saved(
        self, tickets: Harness, account: UUID, condition: str, code: str
    ) -> None:
        client = tickets.client(account=account)
        body = {"name": "x", "condition": condition, "team_id": await make_team(client)}
        response = await client.post(PATH, json=body)
        assert response.status_code == 422
        assert [(one["pointer"], one["code"]) for one in response.json()["errors"]] == [("/condition", code)]

    async def test_are_tried_in_order_and_the_first_that_holds_counts(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        deliveries, refunds = await make_team(client), await make_team(client, name="Refunds")
        await make_rule(client, deliveries, "ticket.subject.contains('late')", position=2)
        first = await make_rule(client, refunds, "ticket.tags.exists(t, t == 'refund')", position=1, name="Refund")
        assert (await open_ticket(client))["team_id"] == deliveries
        both = await open_ticket(client, tags=["refund"])
        assert both["team_id"] == refunds
        await patch(client, f"{PATH}/{first['id']}", enabled=False)
        assert (await open_ticket(client, tags=["refund"]))["team_id"] == deliveries
        assert (await open_ticket(client, subject="Thanks"))["team_id"] is None

    async def test_raise_the_priority_with_its_targets_and_add_tags(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await make_rule(client, await make_team(client), priority="urgent", tags=["late", "vip"])
        ticket = await open_ticket(client, tags=["late"])
        assert (ticket["priority"], ticket["tags"]) == ("urgent", ["late", "vip"])
        assert await get(client, f"/v1/tickets/{ticket['id']}") == ticket
        [event] = await tickets.emitted(account, TicketOpened)
        assert isinstance(event.data, TicketOpened)
        assert (event.data.priority, str(event.data.team_id)) == ("urgent", ticket["team_id"])
        assert event.data.first_response_due_at == tickets.clock.now() + timedelta(hours=1)

    async def test_see_customer_and_feedback(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        gold, porto = await make_team(client, name="Gold"), await make_team(client, name="Porto")
        await make_rule(client, gold, 'customer != null && customer.attributes.plan == "gold"', position=1)
        await make_rule(client, porto, 'feedback.topics.exists(t, t == "delivery") && feedback.rating < 50', position=2)
        ana = new_id()
        profile = profile_of(name="Ana", attributes={"plan": "gold"})
        await tickets.deliver(CustomerCreated(customer_id=ana, profile=profile), account=account, subject=ana)
        assert (await open_ticket(client, customer_id=str(ana)))["team_id"] == gold
        facts = said(topics=("delivery",), rating=25)
        await tickets.deliver(requested(customer_id=None, feedback=facts), account=account)
        await tickets.deliver(requested(customer_id=None), account=account)
        listed = (await get(client, "/v1/tickets"))["data"]
        assert [ticket["team_id"] for ticket in listed] == [None, porto, gold]

    async def test_hold_for_all_who_open_at_the_same_moment(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        team = await make_team(client)
        await open_ticket(client)
        rule = await make_rule(client, team)
        assert (await open_ticket(client))["team_id"] == team
        await client.delete(f"{PATH}/{rule['id']}")
        assert (await open_ticket(client))["team_id"] is None

    async def test_are_not_asked_where_somebody_chose(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        team, other = await make_team(client, ana), await make_team(client, ben, name="Refunds")
        await make_rule(client, team)
        chosen = await open_ticket(client, assignee_id=str(ben))
        assert (chosen["team_id"], chosen["assignee_id"]) == (None, str(ben))
        assert (await open_ticket(client, assignee_id=None))["team_id"] is None
        theirs = await open_ticket(client, team_id=other)
        assert (theirs["team_id"], theirs["assignee_id"]) == (other, str(ben))


class TestStrategies:
    async def test_round_robin_gives_everybody_their_turn(self, tickets: Harness, account: UUID) -> None:
        """Complaint 41: round-robin, which Zammad's users have asked for since 2017."""
        client = tickets.client(account=account)
        people = [str(await add_person(tickets, account, name)) for name in ("Ana", "Ben", "Cleo")]
        team = await make_team(client, *map(UUID, people), strategy="round_robin")
        # Somebody who has much to do has their turn all the same.
        for _ in range(3):
            await open_ticket(client, assignee_id=people[0])
        given: list[str] = []
        for _ in range(6):
            tickets.clock.advance(timedelta(minutes=1))
            given.append(str(await whose(client, team_id=team)))
        assert sorted(given[:3]) == sorted(people)
        assert given[3:] == given[:3]

    async def test_least_load_gives_to_who_has_the_fewest_open(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        team = await make_team(client, ana, ben, strategy="least_load")
        kept = [await open_ticket(client, assignee_id=str(ana)) for _ in range(2)]
        assert [await whose(client, team_id=team) for _ in range(2)] == [str(ben)] * 2
        # What waits for the customer is nothing to do.
        for ticket in kept:
            await patch(client, f"/v1/tickets/{ticket['id']}", state="pending")
        assert await whose(client, team_id=team) == str(ana)

    async def test_longest_waiting_gives_to_who_finished_first(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        team = await make_team(client, ana, ben, strategy="longest_waiting")
        both = {ticket["assignee_id"]: ticket for ticket in [await open_ticket(client, team_id=team) for _ in range(2)]}
        assert set(both) == {str(ana), str(ben)}
        for person in (ben, ana):
            tickets.clock.advance(timedelta(minutes=5))
            await post(client, f"/v1/tickets/{both[str(person)]['id']}/resolve")
            resolved = (await tickets.emitted(account, TicketResolved))[-1]
            await tickets.deliver(resolved.data, account=account, subject=resolved.subject)
        assert await whose(client, team_id=team) == str(ben)


class TestWhoCanTakeIt:
    async def test_has_the_skills_that_the_rule_asks_for(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        await make_rule(client, await make_team(client, ana, ben), skills=["refunds", "cheese"])
        await know(client, ana, skills=["refunds"])
        await know(client, ben, skills=["cheese", "refunds", "wine"])
        ticket = await open_ticket(client)
        assert ticket["assignee_id"] == str(ben)
        explained = await get(client, f"/v1/tickets/{ticket['id']}/assignment")
        details = {one["name"]: one["detail"] for one in explained["decision"]["candidates"]}
        assert details == {"Ana": "lacks cheese", "Ben": "had their turn"}

    async def test_speaks_the_language_of_what_was_said_or_of_the_customer(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        await make_rule(client, await make_team(client, ana, ben))
        await know(client, ana, languages=["pt", "en"])
        await know(client, ben, languages=["de"])
        customer = new_id()
        profile = profile_of(locale="pt-BR")
        await tickets.deliver(CustomerCreated(customer_id=customer, profile=profile), account=account, subject=customer)
        for _ in range(2):
            assert await whose(client, customer_id=str(customer)) == str(ana)
        german = requested(customer_id=customer, feedback=said(language="de"))
        await tickets.deliver(german, account=account)
        newest = (await get(client, "/v1/tickets"))["data"][0]
        assert newest["assignee_id"] == str(ben)
        assert await verdicts(client, newest) == {"Ben": "chosen", "Ana": "other_language"}

    async def test_has_room_for_it(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana = await add_person(tickets, account, "Ana")
        team = await make_team(client, ana)
        await know(client, ana, capacity=3, channel_capacity={"chat": 1})
        assert await whose(client, team_id=team, channel="chat") == str(ana)
        chat = await open_ticket(client, team_id=team, channel="chat")
        assert (chat["assignee_id"], chat["state"]) == (None, "new")
        assert await verdicts(client, chat) == {"Ana": "full"}
        assert [await whose(client, team_id=team) for _ in range(3)] == [str(ana), str(ana), None]

    async def test_works_at_this_hour(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        # A Monday, at six in the evening in Lisbon.
        tickets.clock.advance(datetime(2027, 3, 1, 18, tzinfo=UTC) - tickets.clock.now())
        hours = {day: [{"opens": "09:00", "closes": "17:00"}] for day in ("monday", "tuesday")}
        office = await post(client, "/v1/calendars", 201, name="Office", timezone="Europe/Lisbon", week=hours)
        late = {"monday": [{"opens": "17:00", "closes": "23:00"}]}
        evening = await post(client, "/v1/calendars", 201, name="Late", timezone="Europe/Lisbon", week=late)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        team = await make_team(client, ana, ben, calendar_id=office["id"])
        waiting = await open_ticket(client, team_id=team)
        assert await verdicts(client, waiting) == {"Ana": "outside_hours", "Ben": "outside_hours"}
        await know(client, ben, calendar_id=evening["id"])
        assert await whose(client, team_id=team) == str(ben)

    async def test_is_nobody_who_has_left(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        team = await make_team(client, ana, ben)
        await tickets.deliver(UserRemoved(user_id=ana), account=account, subject=ana, version=2)
        assert {await whose(client, team_id=team) for _ in range(3)} == {str(ben)}


class TestTheExplanation:
    async def test_names_the_rule_the_team_and_everybody(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ana, ben, cleo = [await add_person(tickets, account, name) for name in ("Ana", "Ben", "Cleo")]
        team = await make_team(client, ana, ben, strategy="least_load")
        rule = await make_rule(client, team, "ticket.channel == 'api'")
        await open_ticket(client, assignee_id=str(ana))
        ticket = await open_ticket(client)
        explained = await get(client, f"/v1/tickets/{ticket['id']}/assignment")
        decision = explained["decision"]
        assert (decision["rule_id"], decision["team_name"]) == (rule["id"], "Deliveries")
        assert decision["candidates"] == [
            {
                "user_id": str(ben),
                "name": "Ben",
                "verdict": "chosen",
                "detail": "had the fewest open tickets",
                "open_tickets": 0,
            },
            {"user_id": str(ana), "name": "Ana", "verdict": "next", "detail": "could take it too", "open_tickets": 1},
        ]
        assert explained["explanation"] == (
            "The rule “Late” held, so it went to Deliveries; Ben got it, who had the fewest open tickets."
        )
        assert str(cleo) not in str(decision)

    async def test_is_there_without_any_rule(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        nobody = await open_ticket(client)
        ana = await add_person(tickets, account, "Ana")
        ticket = await open_ticket(client)
        explained = await get(client, f"/v1/tickets/{ticket['id']}/assignment")
        assert explained["explanation"] == (
            "No rule held, so everybody came into question; Ana got it, who had the fewest open tickets."
        )
        explained = await get(client, f"/v1/tickets/{nobody['id']}/assignment")
        assert explained["explanation"] == "No rule held, so everybody came into question; nobody works there."
        left = await open_ticket(client, assignee_id=None)
        explained = await get(client, f"/v1/tickets/{left['id']}/assignment")
        assert (explained["explanation"], explained["decision"]) == ("It was opened for nobody.", None)
        given = await open_ticket(client, assignee_id=str(ana))
        explained = await get(client, f"/v1/tickets/{given['id']}/assignment")
        assert explained["explanation"] == "It was opened with this assignee."

    async def test_says_who_gave_it_away_since(self, tickets: Harness, account: UUID) -> None:
        ana, ben = [await add_person(tickets, account, name) for name in ("Ana", "Ben")]
        client = tickets.client(account=account, actor=Actor(ActorKind.HUMAN, str(ana)))
        ticket = await open_ticket(client, team_id=await make_team(client, ana))
        await patch(client, f"/v1/tickets/{ticket['id']}", assignee_id=str(ben))
        explained = await get(client, f"/v1/tickets/{ticket['id']}/assignment")
        assert explained["explanation"] == "Ana gave it to Ben."


class TestSimulation:
    async def test_shows_what_would_go_elsewhere_and_changes_nothing(self, tickets: Harness, account: UUID) -> None:
        """Idea 18: any route can be tried on the last days."""
        client = tickets.client(account=account)
        deliveries, refunds = await make_team(client), await make_team(client, name="Refunds")
        await make_rule(client, deliveries, "ticket.subject.contains('late')", tags=["late"], priority="high")
        late, thanks = await open_ticket(client), await open_ticket(client, subject="Thanks")
        before = (await get(client, "/v1/tickets"))["data"]
        wanted = [
            {"name": "Not high", "condition": "ticket.priority != 'high'", "team_id": refunds},
            {"name": "Late", "condition": "ticket.subject.contains('late')", "team_id": deliveries},
            {"name": "Gold", "condition": "customer.attributes.plan == 'gold'", "team_id": deliveries},
        ]
        tried = await post(client, f"{PATH}/simulate", days=1, rules=wanted)
        # As it was asked for, not as the rule left it.
        assert (tried["examined"], tried["unmatched"]) == (2, 0)
        assert [(rule["name"], rule["matched"]) for rule in tried["rules"]] == [
            ("Not high", 2),
            ("Late", 0),
            ("Gold", 0),
        ]
        assert tried["shadowed"] == [{"place": 0, "other": 1, "tickets": 1}]
        assert [sum(rule["problems"].values()) for rule in tried["rules"]] == [0, 0, 2]
        moved = {one["ticket_id"]: (one["was_rule"], one["rule"]) for one in tried["changed"]}
        assert moved == {late["id"]: ("Late", "Not high"), thanks["id"]: (None, "Not high")}
        assert (await get(client, "/v1/tickets"))["data"] == before

    async def test_of_the_rules_as_they_are_changes_nothing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await make_rule(client, await make_team(client), "ticket.subject.contains('late')")
        await open_ticket(client)
        tickets.clock.advance(timedelta(days=3))
        await open_ticket(client)
        tried = await post(client, f"{PATH}/simulate")
        assert (tried["examined"], tried["changed"]) == (2, [])
        assert (await post(client, f"{PATH}/simulate", days=2))["examined"] == 1

    async def test_refuses_rules_that_make_no_sense(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        rule = {"name": "x", "condition": "ticket.colour == 1", "team_id": await make_team(client)}
        response = await client.post(f"{PATH}/simulate", json={"rules": [rule | {"condition": ""}, rule]})
        assert [one["pointer"] for one in response.json()["errors"]] == ["/rules/1/condition"]
