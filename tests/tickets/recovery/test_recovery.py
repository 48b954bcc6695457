"""How customers rated before and after, who stayed, and how sure one can be of it.

Seen to fail: a loop that was not measured again counted as no change, an old purchase taken for staying, a purchase
that never happened, whether that is told before or after it, and a customer who came back taken for lost.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.recovery.counting import Case, tally
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityKind, ActivityRecorded
from shared.contracts.customers import CustomerMerged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, answered, get, learn_topics, patch, post, requested

PATH = "/v1/loops/recovery"
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def activity(customer_id: UUID, kind: ActivityKind, at: datetime, **fields: Any) -> ActivityRecorded:
    values: dict[str, Any] = {
        "activity_id": new_id(),
        "customer_id": customer_id,
        "origin_customer_id": customer_id,
        "kind": kind,
        "name": None,
        "occurred_at": at,
        "received_at": at,
        "amount": None,
        "touchpoint": None,
        "properties": {},
        "source": "api",
        "source_id": str(new_id()),
    }
    return ActivityRecorded(**values | fields)


async def closed(tickets: Harness, account: UUID, cause: str | None, score: int | None, **fields: Any) -> UUID:
    """A loop from a rating of 20 to `score` (1 to 5; None: nobody said). Returns whose it is."""
    customer = await add_customer(tickets, account)
    await tickets.deliver(requested(customer_id=customer, **fields), account=account)
    client = tickets.client(account=account)
    ticket_id = (await get(client, "/v1/tickets", limit=1))["data"][0]["id"]
    await post(client, f"/v1/tickets/{ticket_id}/resolve", 200, root_cause=cause)
    if score is not None:
        await tickets.deliver(answered(UUID(ticket_id), tickets.clock.now(), score=score), account=account)
    tickets.clock.advance(timedelta(minutes=1))
    return customer


class TestAsking:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get(PATH)).status_code == 401

    async def test_shows_another_account_nothing_and_null_for_it(self, tickets: Harness, account: UUID) -> None:
        await closed(tickets, account, None, 5)
        nothing = await get(tickets.client(account=new_id()), PATH)
        assert (nothing["loops"], nothing["n"], nothing["groups"]) == (0, 0, [])
        unsaid = ("before", "after", "difference", "interval", "retention", "retention_interval")
        assert [nothing[name] for name in unsaid] == [None] * 6

    @pytest.mark.parametrize(
        "query",
        [
            {"from": "2026-03-02T09:00:00Z", "to": "2026-03-02T09:00:00Z"},
            {"from": "2020-01-01T00:00:00Z"},
            {"from": "2026-01-01T00:00:00"},
            {"by": "moon"},
        ],
    )
    async def test_refuses_what_it_cannot_answer(self, tickets: Harness, account: UUID, query: dict[str, str]) -> None:
        assert (await tickets.client(account=account).get(PATH, params=query)).status_code == 422


class TestRatings:
    async def test_are_compared_loop_by_loop_and_by_cause(self, tickets: Harness, account: UUID) -> None:
        await learn_topics(tickets, account)
        for score in (5, 4, 3, None):
            await closed(tickets, account, "late", score)
        await closed(tickets, account, None, 1)
        await closed(tickets, account, "late", 5, rating_normalised=None)
        await tickets.deliver(requested(), account=account)
        tickets.clock.advance(timedelta(minutes=1))
        found = await get(tickets.client(account=account), PATH)
        late = found["groups"][0]
        assert (late["group"], late["label"], late["loops"], late["n"]) == ("late", "Delivery › Late", 5, 3)
        # 80, 55 and 30 points more: a mean of 55 with a standard deviation of 25; t(2) = 4.303.
        assert (late["before"], late["after"], late["difference"]) == (20.0, 75.0, 55.0)
        assert (late["interval"]["low"], late["interval"]["high"]) == (pytest.approx(-7.1, abs=0.01), 100.0)
        assert late["excluded"] == {"not_fixed": 0, "no_rating_before": 1, "not_measured_again": 1}
        without = found["groups"][1]
        assert (without["group"], without["label"], without["n"], without["difference"]) == (None, None, 1, -20.0)
        assert (found["loops"], found["n"], found["excluded"]["not_fixed"]) == (7, 4, 1)

    async def test_by_channel_and_within_the_window(self, tickets: Harness, account: UUID) -> None:
        await closed(tickets, account, None, 5, channel="chat")
        tickets.clock.advance(timedelta(days=1))
        await closed(tickets, account, None, 5, channel="email")
        client = tickets.client(account=account)
        by_channel = await get(client, PATH, by="channel")
        assert [group["group"] for group in by_channel["groups"]] == ["chat", "email"]
        first = await get(client, PATH, by="channel", to="2026-03-03T09:00:00Z")
        assert [group["group"] for group in first["groups"]] == ["chat"]

    async def test_by_team(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        team = await post(client, "/v1/teams", 201, name="Deliveries")
        for score in (5, 3):
            await closed(tickets, account, None, score)
        ticket_id = (await get(client, "/v1/tickets", limit=1))["data"][0]["id"]
        await patch(client, f"/v1/tickets/{ticket_id}", team_id=team["id"])
        found = (await get(client, PATH, by="team"))["groups"]
        assert [(group["group"], group["label"], group["after"]) for group in found] == [
            (team["id"], "Deliveries", 50.0),
            (None, None, 100.0),
        ]
        assert [loop["ticket_id"] for loop in (await get(client, "/v1/loops", team_id=team["id"]))["data"]] == [
            ticket_id
        ]

    async def test_of_a_cause_that_was_merged_count_with_the_other(self, tickets: Harness, account: UUID) -> None:
        await closed(tickets, account, "slow", 5)
        await learn_topics(tickets, account)
        await closed(tickets, account, "late", 5)
        [group] = (await get(tickets.client(account=account), PATH))["groups"]
        assert (group["group"], group["n"]) == ("late", 2)

    @given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=30))
    def test_lie_within_their_interval(self, pairs: list[tuple[int, int]]) -> None:
        cases = [Case(START, START, before, after, None, None) for before, after in pairs]
        found = tally(cases).fields()
        assert found == tally(reversed(cases)).fields()
        assert found["interval"].low <= found["difference"] <= found["interval"].high
        assert -100 <= found["interval"].low <= found["interval"].high <= 100


class TestWhoStayed:
    async def test_is_told_by_what_they_did_since(self, tickets: Harness, account: UUID) -> None:
        stayed, left, back, silent, early = [await closed(tickets, account, None, 5) for _ in range(5)]
        later = tickets.clock.now() + timedelta(days=1)
        for told in (
            activity(stayed, "purchase", later),
            activity(left, "purchase", later),
            activity(left, "cancellation", later + timedelta(days=1)),
            activity(back, "cancellation", later),
            activity(back, "purchase", later + timedelta(days=1)),
            activity(silent, "visit", later),
            activity(early, "purchase", START - timedelta(days=1)),
        ):
            await tickets.deliver(told, account=account, subject=told.activity_id)
        found = await get(tickets.client(account=account), PATH)
        assert (found["retained"], found["lost"], found["undecided"], found["retention"]) == (2, 1, 2, 66.67)
        assert found["retention_interval"]["low"] < 66.67 < found["retention_interval"]["high"]

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    @pytest.mark.parametrize("how", ["deleted", "corrected"])
    async def test_is_not_told_by_what_never_happened(
        self, tickets: Harness, account: UUID, how: str, order: tuple[int, int]
    ) -> None:
        customer = await closed(tickets, account, None, 5)
        bought = activity(customer, "purchase", tickets.clock.now())
        values = dict(bought)
        took_back: Any = ActivityCorrected(**values | {"kind": "visit"})
        if how == "deleted":
            names = ActivityDeleted.model_fields
            took_back = ActivityDeleted(**{name: value for name, value in values.items() if name in names})
        bodies = [
            tickets.event(payload, account=account, subject=bought.activity_id, version=version)
            for version, payload in enumerate((bought, took_back), 1)
        ]
        for place in order:
            await tickets.deliver_raw([bodies[place]])
        assert (await get(tickets.client(account=account), PATH))["retained"] == 0

    async def test_follows_merges(self, tickets: Harness, account: UUID) -> None:
        customer = await closed(tickets, account, None, 5)
        other = await add_customer(tickets, account)
        bought = activity(other, "purchase", tickets.clock.now())
        await tickets.deliver(bought, account=account, subject=bought.activity_id)
        merged = CustomerMerged(customer_id=customer, merged_customer_id=other, merged_version=5, automatic=False)
        await tickets.deliver(merged, account=account, subject=customer, version=5)
        assert (await get(tickets.client(account=account), PATH))["retained"] == 1
