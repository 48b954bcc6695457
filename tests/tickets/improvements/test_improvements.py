"""Improvements are planned, shipped, and told to those who asked, each once.

Seen to fail: telling before shipping, telling in a dry run, a customer who asked twice told twice, a customer told
again after a merge, a portion told again after a crash, the identity that asked left out, a late verdict that undoes a
better one.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.tickets.improvements import telling
from shared.contracts.customers import CustomerMerged
from shared.contracts.notifier import MessageFailed, MessageSent
from shared.contracts.problems import ImprovementShipped, ImprovementTold
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, get, open_ticket, patch, post, unhappy

PATH = "/v1/improvements"
NEWS = {"you_said": "Parcels take two weeks.", "we_did": "They take three days now."}


async def problem_of(tickets: Harness, account: UUID, *customers: UUID | None, cause: str | None = None) -> str:
    """A problem with feedback of each of them."""
    ids = []
    for customer in customers:
        said = unhappy(tickets.clock.now(), customer_id=customer)
        await tickets.deliver(said, account=account, subject=said.feedback_id)
        tickets.clock.advance(timedelta(seconds=1))
        ids.append(str(said.feedback_id))
    made = await post(tickets.client(account=account), "/v1/problems", 201, title="Late", cause=cause, feedback_ids=ids)
    return str(made["id"])


async def shipped(tickets: Harness, account: UUID, *problem_ids: str) -> str:
    """The path of an improvement that is there."""
    client = tickets.client(account=account)
    made = await post(client, PATH, 201, title="Another carrier", problem_ids=list(problem_ids))
    await post(client, f"{PATH}/{made['id']}/ship")
    return f"{PATH}/{made['id']}"


async def told(tickets: Harness, account: UUID) -> list[ImprovementTold]:
    events = [event.data for event in await tickets.emitted(account, ImprovementTold)]
    return [event for event in events if isinstance(event, ImprovementTold)]


async def merge(tickets: Harness, account: UUID, former: UUID, into: UUID) -> None:
    merged = CustomerMerged(customer_id=into, merged_customer_id=former, merged_version=5, automatic=False)
    await tickets.deliver(merged, account=account, subject=into, version=5)


class TestPlanning:
    async def test_needs_a_credential_and_is_each_accounts_own(self, tickets: Harness, account: UUID) -> None:
        assert (await tickets.anonymous().get(PATH)).status_code == 401
        assert (await tickets.anonymous().post(PATH, json={})).status_code == 401
        path = await shipped(tickets, account, await problem_of(tickets, account))
        other = tickets.client(account=new_id())
        for call in (other.get(path), other.post(f"{path}/tell", json=NEWS), other.get(f"{path}/tellings")):
            assert (await call).status_code == 404
        assert (await get(other, PATH))["data"] == []

    async def test_keeps_what_it_costs_and_what_is_expected(self, tickets: Harness, account: UUID) -> None:
        client, problem = tickets.client(account=account), await problem_of(tickets, account)
        plan: dict[str, Any] = {
            "title": "Another carrier",
            "problem_ids": [problem],
            "cost": {"amount": "1200.50", "currency": "EUR"},
            "starts_on": "2026-05-01",
            "expected_effect": {"metric": "nps", "change": "5.5"},
        }
        made = await post(client, PATH, 201, **plan)
        assert {name: made[name] for name in plan} == plan
        path = f"{PATH}/{made['id']}"
        changed = await patch(client, path, cost=None, state="in_progress")
        assert (changed["cost"], changed["state"], changed["version"]) == (None, "in_progress", 2)
        other = await problem_of(tickets, account)
        assert (await patch(client, path, problem_ids=[other]))["problem_ids"] == [other]
        assert (await get(client, PATH, problem_id=other))["data"][0]["id"] == made["id"]
        assert (await get(client, PATH, problem_id=problem))["data"] == []
        assert (await get(client, PATH, state="planned"))["data"] == []

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"problem_ids": []}, "/problem_ids"),
            ({"problem_ids": [str(new_id())]}, "/problem_ids/0"),
            ({"cost": {"amount": "-1", "currency": "EUR"}}, "/cost"),
            ({"cost": {"amount": "1", "currency": "euro"}}, "/cost/currency"),
            ({"expected_effect": {"metric": "joy", "change": "5"}}, "/expected_effect/metric"),
            ({"expected_effect": {"metric": "nps", "change": "much"}}, "/expected_effect/change"),
            ({"state": "shipped"}, "/state"),
        ],
    )
    async def test_refuses_what_makes_no_sense(
        self, tickets: Harness, account: UUID, change: dict[str, Any], pointer: str
    ) -> None:
        plan = {"title": "x", "problem_ids": [await problem_of(tickets, account)]}
        answer = await tickets.client(account=account).post(PATH, json=plan | change)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_of_what_was_dropped_ships_nothing(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        made = await post(client, PATH, 201, title="x", problem_ids=[await problem_of(tickets, account)])
        path = f"{PATH}/{made['id']}"
        await patch(client, path, state="dropped")
        for call in (client.post(f"{path}/ship"), client.patch(path, json={"state": "in_progress"})):
            answer = await call
            assert (answer.status_code, answer.json()["code"]) == (409, "no_way_there")


class TestShipping:
    async def test_fixes_its_problems_and_tells_what_to_measure(self, tickets: Harness, account: UUID) -> None:
        ana = await add_customer(tickets, account)
        client, problem = (
            tickets.client(account=account),
            await problem_of(tickets, account, ana, ana, None, cause="late"),
        )
        done = await post(client, "/v1/problems", 201, title="Wet", state="closed")
        plan = {"cost": {"amount": "12.00", "currency": "EUR"}, "expected_effect": {"metric": "csat", "change": "3"}}
        made = await post(client, PATH, 201, title="Another carrier", problem_ids=[problem, done["id"]], **plan)
        path = f"{PATH}/{made['id']}/ship"
        early = await client.post(path, json={"shipped_at": "2027-01-01T00:00:00Z"})
        assert early.json()["errors"][0]["code"] == "future"
        for _ in range(2):
            answer = await post(client, path, 200, shipped_at="2026-03-01T00:00:00Z")
            assert (answer["state"], answer["shipped_at"]) == ("shipped", "2026-03-01T00:00:00Z")
        states = [(await get(client, f"/v1/problems/{one}"))["state"] for one in (problem, done["id"])]
        assert states == ["fixed", "closed"]
        [event] = [event.data for event in await tickets.emitted(account, ImprovementShipped)]
        assert isinstance(event, ImprovementShipped)
        assert (event.causes, event.affected_customers) == (("late",), 1)
        assert event.expected is not None
        assert event.cost is not None
        assert (event.expected.metric, event.expected.change, event.cost.amount) == (
            "csat",
            Decimal(3),
            Decimal("12.00"),
        )
        assert await told(tickets, account) == []


class TestTelling:
    async def test_waits_until_it_is_shipped_and_meant(self, tickets: Harness, account: UUID) -> None:
        ana = await add_customer(tickets, account)
        client, problem = tickets.client(account=account), await problem_of(tickets, account, ana)
        made = await post(client, PATH, 201, title="x", problem_ids=[problem])
        path = f"{PATH}/{made['id']}"
        early = await client.post(f"{path}/tell", json=NEWS)
        assert (early.status_code, early.json()["code"]) == (409, "not_shipped")
        await post(client, f"{path}/ship")
        tried = await post(client, f"{path}/tell", 202, **NEWS, dry_run=True)
        assert tried["audience"]["sample"] == [{"customer_id": str(ana), "name": "Ana"}]
        await tickets.run_timers()
        assert await told(tickets, account) == []
        assert (await get(client, path))["you_said"] is None

    async def test_reaches_exactly_who_asked_each_once(self, tickets: Harness, account: UUID) -> None:
        ana, ben, eve, other = [await add_customer(tickets, account, name) for name in ("Ana", "Ben", "Eve", "Otto")]
        client = tickets.client(account=account)
        first = await problem_of(tickets, account, ana, ana, None)
        second = await problem_of(tickets, account, ana, ben)
        ticket = await open_ticket(client, customer_id=str(eve))
        await post(client, f"/v1/problems/{second}/link", 200, ticket_ids=[ticket["id"]])
        await problem_of(tickets, account, other)
        path = await shipped(tickets, account, first, second)
        audience = await get(client, f"{path}/audience")
        assert (audience["asked"], audience["to_tell"], audience["unknown"]) == (3, 3, 1)
        for _ in range(2):
            await post(client, f"{path}/tell", 202, **NEWS)
            await tickets.run_timers()
        events = await told(tickets, account)
        assert sorted(event.customer_id for event in events) == sorted([ana, ben, eve])
        assert {(event.you_said, event.we_did) for event in events} == {tuple(NEWS.values())}
        audience = await get(client, f"{path}/audience")
        assert (audience["to_tell"], audience["told"]["queued"]) == (0, 3)

    async def test_goes_on_where_it_stopped(
        self, tickets: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A portion that fails leaves nothing behind, and is told when it is tried again."""
        monkeypatch.setattr(telling, "AT_ONCE", 2)
        customers = [await add_customer(tickets, account) for _ in range(5)]
        path = await shipped(tickets, account, await problem_of(tickets, account, *customers))
        await post(tickets.client(account=account), f"{path}/tell", 202, **NEWS)
        seen = 0
        real = telling._told

        def dies(*arguments: Any) -> ImprovementTold:
            nonlocal seen
            seen += 1
            if seen == 4:
                raise RuntimeError("the power went")
            return real(*arguments)

        monkeypatch.setattr(telling, "_told", dies)
        await tickets.run_timers()
        assert len(await told(tickets, account)) == 2
        tickets.clock.advance(timedelta(hours=2))
        await tickets.run_timers()
        assert sorted(event.customer_id for event in await told(tickets, account)) == sorted(customers)

    async def test_follows_merges(self, tickets: Harness, account: UUID) -> None:
        """Two who turn out to be one are told once, under the identity that asked last; who was told stays told."""
        ana, anna, ben = [await add_customer(tickets, account) for _ in range(3)]
        client = tickets.client(account=account)
        problem = await problem_of(tickets, account, ana, anna)
        await merge(tickets, account, anna, ana)
        path = await shipped(tickets, account, problem)
        await post(client, f"{path}/tell", 202, **NEWS)
        await tickets.run_timers()
        assert [event.customer_id for event in await told(tickets, account)] == [anna]
        said = unhappy(tickets.clock.now(), customer_id=ben)
        await tickets.deliver(said, account=account, subject=said.feedback_id)
        await post(client, f"/v1/problems/{problem}/link", 200, feedback_ids=[str(said.feedback_id)])
        await merge(tickets, account, ben, ana)
        await post(client, f"{path}/tell", 202, **NEWS)
        await tickets.run_timers()
        assert len(await told(tickets, account)) == 1


class TestVerdicts:
    async def test_come_back_for_each(self, tickets: Harness, account: UUID) -> None:
        customers = [await add_customer(tickets, account) for _ in range(3)]
        path = await shipped(tickets, account, await problem_of(tickets, account, *customers))
        client = tickets.client(account=account)
        await post(client, f"{path}/tell", 202, **NEWS)
        await tickets.run_timers()
        first, second, third = await told(tickets, account)
        for verdict in (sent(first), failed(second, "suppressed"), failed(third, "failed"), failed(first, "failed")):
            await tickets.deliver(verdict, account=account)
        audience = await get(client, f"{path}/audience")
        assert audience["told"] == {"queued": 0, "sent": 1, "suppressed": 1, "failed": 1}
        [held_back] = (await get(client, f"{path}/tellings", state="suppressed"))["data"]
        assert (held_back["customer_id"], held_back["reason"]) == (str(second.customer_id), "they do not want it")
        assert held_back["settled_at"] is not None

    async def test_of_other_messages_mean_nothing(self, tickets: Harness, account: UUID) -> None:
        path = await shipped(tickets, account, await problem_of(tickets, account, new_id()))
        await post(tickets.client(account=account), f"{path}/tell", 202, **NEWS)
        await tickets.run_timers()
        [only] = await told(tickets, account)
        for other in (sent(only, telling_id=None), sent(only, telling_id=new_id())):
            await tickets.deliver(other, account=account)
        await tickets.deliver(sent(only), account=new_id())
        audience = await get(tickets.client(account=account), f"{path}/audience")
        assert audience["told"]["queued"] == 1


def sent(of: ImprovementTold, **changes: Any) -> MessageSent:
    values: dict[str, Any] = {
        "message_id": new_id(),
        "customer_id": of.customer_id,
        "ticket_id": None,
        "invitation_id": None,
        "rule_id": None,
        "channel": "email",
        "template": "improvement",
        "subject": "You told us",
        "sent_at": of.shipped_at,
        "telling_id": of.telling_id,
    }
    return MessageSent(**values | changes)


def failed(of: ImprovementTold, state: str) -> MessageFailed:
    values: dict[str, Any] = {
        "message_id": new_id(),
        "customer_id": of.customer_id,
        "ticket_id": None,
        "channel": "email",
        "template": "improvement",
        "state": state,
        "reason": "they do not want it",
        "telling_id": of.telling_id,
    }
    return MessageFailed(**values)
