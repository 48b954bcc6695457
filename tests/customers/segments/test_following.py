"""Members come and go with what happens to customers, and with time."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text

from services.customers.db import MERGED_CUSTOMERS
from services.customers.records.service import restrict
from services.customers.segments import timers
from services.customers.segments.handlers import follow
from services.customers.segments.models import FeedbackFact
from shared.bus.subscriptions import Timer
from shared.contracts.activities import ActivityRecorded
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.feedback import FeedbackErased, FeedbackReceived
from shared.contracts.ratings import QuestionRating, Rating
from shared.ids import new_id
from shared.testing.harness import Harness
from shared.work import Work
from tests.customers.segments.building import (
    DETRACTOR,
    PATH,
    PURCHASES,
    attribute,
    customer,
    hear,
    members,
    segment,
    told,
)

DAY = timedelta(days=1)


async def purchase(client: httpx.AsyncClient, whose: UUID, **fields: Any) -> None:
    body = {"customer": {"id": str(whose)}, "kind": "purchase", **fields}
    assert (await client.post("/v1/activities", json=body)).status_code == 201


def said(customers: Harness, whose: UUID | None, score: int, **fields: Any) -> FeedbackReceived:
    """An NPS answer of now."""
    band = "negative" if score <= 6 else "neutral" if score <= 8 else "positive"
    rating = Rating(scheme="nps", value=score, minimum=0, maximum=10, normalised=score * 10, band=band)  # type: ignore[arg-type]
    now = customers.clock.now()
    values: dict[str, Any] = {
        "feedback_id": new_id(),
        "kind": "survey",
        "channel": "web",
        "source": "survey",
        "customer_id": whose,
        "rating": rating,
        "topics": (),
        "dimensions": {},
        "completed": True,
        "occurred_at": now,
        "received_at": now,
    }
    unknown = {name: None for name, field in FeedbackReceived.model_fields.items() if field.is_required()}
    return FeedbackReceived.model_validate(unknown | values | fields)


async def waits_for_lock(work: Work) -> bool:
    """Whether somebody waits for a lock that this Work holds."""
    waiting = text("select count(*) from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid))")
    return bool(await work.session.scalar(waiting))


class TestEvents:
    async def test_a_purchase_brings_somebody_in(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, bo = await customer(client, "ana"), await customer(client, "bo")
        regular = await segment(client, "Regular", PURCHASES | {"value": 2, "within_days": 30})
        spender = await segment(client, "Spender", PURCHASES | {"measure": "sum", "currency": "EUR", "value": "100.5"})
        await customers.run_timers()
        await purchase(client, ana, amount={"amount": "60.00", "currency": "EUR"})
        await purchase(client, bo, amount={"amount": "900.00", "currency": "USD"})
        await hear(customers, account)
        assert await members(client, regular) == set()
        await purchase(client, ana, amount={"amount": "40.50", "currency": "EUR"})
        await hear(customers, account)
        assert await members(client, regular) == {"ana"}
        assert await members(client, spender) == {"ana"}
        assert await told(customers, account, regular) == {ana}

    async def test_somebody_new_belongs_at_once(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        quiet = await segment(client, "Quiet", {"type": "not", "condition": PURCHASES})
        await customers.run_timers()
        await customer(client, "ana")
        await hear(customers, account)
        assert await members(client, quiet) == {"ana"}

    async def test_another_attribute_takes_somebody_out(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await customer(client, "ana", attributes={"plan": "gold"})
        gold = await segment(client, "Gold", attribute("plan", "gold"))
        await customers.run_timers()
        await customer(client, "ana", attributes={"plan": None})
        await hear(customers, account)
        assert await members(client, gold) == set()
        assert await told(customers, account, gold) == set()

    async def test_a_detractor_is_noticed_and_forgotten_when_it_is_taken_back(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        upset = await segment(client, "Upset", DETRACTOR)
        await customers.run_timers()
        feedback = said(customers, ana, 3)
        await customers.deliver(feedback, account=account, subject=feedback.feedback_id)
        assert await members(client, upset) == {"ana"}
        erased = FeedbackErased(
            feedback_id=feedback.feedback_id, response_id=None, survey_id=None, customer_id=ana, reason="respondent",
            erased_at=customers.clock.now(),
        )  # fmt: skip
        await customers.deliver(erased, account=account, subject=feedback.feedback_id, version=2)
        assert await members(client, upset) == set()
        # Late, and for the second time.
        await customers.deliver(feedback, account=account, subject=feedback.feedback_id)
        assert await members(client, upset) == set()

    async def test_the_last_score_counts_by_when_it_was_given(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        happy = {"type": "feedback", "scheme": "nps", "measure": "last", "op": "gte", "value": 9}
        promoters = await segment(client, "Promoters", happy)
        index = Rating(scheme="csi", value=83, minimum=0, maximum=100, normalised=83, band="positive")
        several = (QuestionRating(question="service", rating=index, index=Decimal("83.3333"), items=()),)
        satisfied = {"type": "feedback", "scheme": "csi", "measure": "average", "op": "gt", "value": "83.25"}
        content = await segment(client, "Content", satisfied)
        await customers.run_timers()
        await customers.deliver(said(customers, ana, 10), account=account)
        before = said(customers, ana, 2, occurred_at=customers.clock.now() - DAY, ratings=several, rating=index)
        await customers.deliver(before, account=account)
        assert await members(client, promoters) == {"ana"}
        assert await members(client, content) == {"ana"}

    async def test_a_segment_of_segments_follows_them(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana", attributes={"plan": "gold"})
        buyers = await segment(client, "Buyers", PURCHASES)
        gold = {
            "type": "all",
            "conditions": [attribute("plan", "gold"), {"type": "segment", "segment_id": str(buyers)}],
        }
        best = await segment(client, "Best", gold)
        rest = await segment(client, "Rest", {"type": "not", "condition": {"type": "segment", "segment_id": str(best)}})
        await customers.run_timers()
        assert await members(client, rest) == {"ana"}
        await purchase(client, ana)
        await hear(customers, account)
        assert await members(client, best) == {"ana"}
        assert await members(client, rest) == set()
        assert await told(customers, account, rest) == set()

    async def test_consent_is_read_as_everywhere(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        marketing = {"type": "consent", "purpose": "marketing", "channel": "email"}
        reachable = await segment(client, "Reachable", marketing)
        await customers.run_timers()
        for granted, channel in ((True, "email"), (False, "any"), (True, "any"), (True, "email")):
            proof = {"source": "form"}
            body = {"purpose": "marketing", "channel": channel, "granted": granted, "proof": proof}
            assert (await client.post(f"/v1/customers/{ana}/consents", json=body)).status_code == 201
            customers.clock.advance(timedelta(minutes=1))
            await hear(customers, account)
            assert await members(client, reachable) == ({"ana"} if granted else set())

    async def test_what_is_yet_to_come_counts_when_it_happens(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        buyers = await segment(client, "Buyers", PURCHASES)
        await purchase(client, ana, occurred_at=(customers.clock.now() + DAY).isoformat())
        for there in (set[str](), {"ana"}):
            await customers.run_timers()
            await hear(customers, account)
            assert await members(client, buyers) == there
            customers.clock.advance(DAY)

    async def test_the_last_look_has_seen_everything(self, customers: Harness, account: UUID) -> None:
        """Two at once: the one that knows less must not have the last word."""
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        buyers = await segment(client, "Buyers", PURCHASES)
        await customers.run_timers()
        await purchase(client, ana)
        [bought] = await customers.emitted(account, ActivityRecorded)
        async with customers.work(account) as slower:
            await follow(slower, [bought])
            activity_id = bought.subject
            assert (await client.delete(f"/v1/activities/{activity_id}")).status_code == 204
            faster = asyncio.create_task(hear(customers, account))
            while not faster.done() and not await waits_for_lock(slower):
                await asyncio.sleep(0.01)
        await asyncio.wait_for(faster, 30)
        assert await members(client, buyers) == set()
        assert await told(customers, account, buyers) == set()


class TestWhoCannotBelong:
    async def test_the_restricted_leave_and_come_back(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        everybody = await segment(client, "Everybody", {"type": "not", "condition": PURCHASES})
        await customers.run_timers()
        for on, there in ((True, set[str]()), (False, {"ana"})):
            async with customers.work(account) as work:
                await restrict(work, ana, on=on)
            await hear(customers, account)
            assert await members(client, everybody) == there

    async def test_who_does_not_want_to_be_computed_on_leaves(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        everybody = await segment(client, "Everybody", {"type": "not", "condition": PURCHASES})
        await customers.run_timers()
        body = {"purpose": "analytics", "granted": False, "proof": {"source": "form"}}
        await client.post(f"/v1/customers/{ana}/consents", json=body)
        await hear(customers, account)
        assert await members(client, everybody) == set()

    async def test_the_deleted_leave_and_nothing_is_kept_of_them(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        upset = await segment(client, "Upset", DETRACTOR)
        await customers.run_timers()
        await customers.deliver(said(customers, ana, 3), account=account)
        await client.delete(f"/v1/customers/{ana}")
        await hear(customers, account)
        await customers.deliver(said(customers, ana, 3), account=account)
        assert await members(client, upset) == set()
        async with customers.work(account) as work:
            held = select(func.count()).where(FeedbackFact.account_id == account, FeedbackFact.customer_id == ana)
            assert await work.session.scalar(held) == 0

    async def test_the_merged_count_as_one_until_that_is_taken_back(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, anna = await customer(client, "ana"), await customer(client, "anna")
        upset = await segment(client, "Upset", DETRACTOR | {"value": 2})
        quiet = await segment(client, "Quiet", {"type": "not", "condition": PURCHASES})
        await customers.run_timers()
        for whose in (ana, anna):
            await customers.deliver(said(customers, whose, 3), account=account)
        assert await members(client, upset) == set()
        async with customers.work(account) as work:
            await MERGED_CUSTOMERS.point(work, anna, ana, version=2)
        merged = CustomerMerged(customer_id=ana, merged_customer_id=anna, merged_version=2, automatic=False)
        await customers.deliver(merged, account=account, subject=ana)
        assert await members(client, upset) == {"ana"}
        assert await members(client, quiet) == {"ana"}
        async with customers.work(account) as work:
            await MERGED_CUSTOMERS.point(work, anna, None, version=3)
        restored = CustomerUnmerged(customer_id=ana, restored_customer_id=anna, restored_version=3)
        await customers.deliver(restored, account=account, subject=ana)
        assert await members(client, upset) == set()
        assert await members(client, quiet) == {"ana", "anna"}


class TestTime:
    async def test_what_leaves_the_window_takes_its_customer_along(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, bo = await customer(client, "ana"), await customer(client, "bo")
        recent = await segment(client, "Recent", PURCHASES | {"within_days": 30})
        await customers.run_timers()
        await purchase(client, ana)
        await hear(customers, account)
        customers.clock.advance(10 * DAY)
        await purchase(client, bo)
        await hear(customers, account)
        customers.clock.advance(20 * DAY - timedelta(seconds=1))
        await customers.run_timers()
        assert await members(client, recent) == {"ana", "bo"}
        customers.clock.advance(timedelta(seconds=1))
        await customers.run_timers()
        assert await members(client, recent) == {"bo"}
        customers.clock.advance(10 * DAY)
        await customers.run_timers()
        assert await members(client, recent) == set()
        assert await told(customers, account, recent) == set()

    @pytest.mark.parametrize(
        ("op", "inside"), [("gte", [3, 4, 5]), ("gt", [4, 5]), ("eq", [3]), ("lte", [0, 1, 2, 3]), ("lt", [0, 1, 2])]
    )
    async def test_days_since_the_last_pass_by_themselves(
        self, customers: Harness, account: UUID, op: str, inside: list[int]
    ) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        await customer(client, "bo")
        since = PURCHASES | {"measure": "days_since_last", "op": op, "value": 3}
        late = await segment(client, "Late", since)
        await purchase(client, ana)
        await hear(customers, account)
        found = []
        for day in range(6):
            await customers.run_timers()
            found += [day] if await members(client, late) else []
            customers.clock.advance(DAY)
        assert found == inside

    async def test_the_new_are_new_for_some_days_only(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        fresh = await segment(client, "New", {"type": "known_for", "op": "lt", "value": 30})
        await customer(client, "ana")
        await hear(customers, account)
        customers.clock.advance(30 * DAY - timedelta(seconds=1))
        await customers.run_timers()
        assert await members(client, fresh) == {"ana"}
        customers.clock.advance(timedelta(seconds=1))
        await customers.run_timers()
        assert await members(client, fresh) == set()

    async def test_many_that_are_due_at_once_are_all_reviewed(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timers, "REVIEWED_AT_ONCE", 2)
        client = customers.client(account=account)
        recent = await segment(client, "Recent", PURCHASES | {"within_days": 30})
        for number in range(5):
            await purchase(client, await customer(client, f"ana{number}"))
        await hear(customers, account)
        await customers.run_timers()
        assert len(await members(client, recent)) == 5
        customers.clock.advance(30 * DAY)
        await customers.run_timers()
        assert await members(client, recent) == set()
        async with customers.work(account) as work:
            timers_left = work.tables.timers
            assert await work.session.scalar(select(func.count()).where(timers_left.c.account_id == account)) == 0


class TestBuilding:
    async def test_goes_portion_by_portion_and_may_be_interrupted(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(timers, "PORTION", 2)
        client = customers.client(account=account)
        ids = [await customer(client, f"ana{number}", attributes={"plan": "gold"}) for number in range(5)]
        gold = await segment(client, "Gold", attribute("plan", "gold"))
        timer = Timer(new_id(), timers.BUILD, "", customers.clock.now(), {"segment_id": str(gold)}, 0)
        async with customers.work(account) as work:
            await timers.build(work, timer)
        found = (await client.get(f"{PATH}/{gold}")).json()
        assert (found["state"], found["progress"]) == ("building", {"done": 2, "of": 5})
        assert await members(client, gold) == {"ana0", "ana1"}

        async def cut_off() -> None:
            async with customers.work(account) as work:
                await timers.build(work, timer)
                raise RuntimeError("cut off")

        with pytest.raises(RuntimeError, match="cut off"):
            await cut_off()
        assert await members(client, gold) == {"ana0", "ana1"}
        await customers.run_timers()
        assert (await client.get(f"{PATH}/{gold}")).json()["state"] == "ready"
        assert await told(customers, account, gold) == set(ids)
