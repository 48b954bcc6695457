"""Experiments over the API: who gets what, and what is read out when.

Most of it is about the read-out, so arms are filled in the database by way of the service, and what customers did comes
by events.
"""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.metrics.db import MERGED_CUSTOMERS
from services.metrics.experiments import service as experiments
from shared.contracts.survey import VariantAssigned
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, tell
from tests.metrics.builders import analytics, feedback, rating, record_of

DAY = timedelta(days=1)
PATH = "/v1/experiments"


def wanted(**changes: Any) -> dict[str, Any]:
    """Whether a voucher makes customers buy, a tenth of them otherwise, unless said otherwise."""
    return {
        "name": "Voucher",
        "hypothesis": "Who gets a voucher after a complaint buys again.",
        "variants": [{"key": "nothing"}, {"key": "voucher"}],
        "outcome": {"measure": "conversion", "within_days": 7},
        "plan": {"baseline": "10", "minimum_effect": "20"},
    } | changes


async def started(metrics: Harness, account: UUID, **changes: Any) -> str:
    client = metrics.client(account=account)
    made = await client.post(PATH, json=wanted(**changes))
    assert made.status_code == 201, made.text
    answer = await client.post(f"{PATH}/{made.json()['id']}/start")
    assert answer.json()["state"] == "running"
    return str(made.json()["id"])


async def filled(metrics: Harness, account: UUID, experiment_id: str, **sizes: int) -> dict[str, list[UUID]]:
    """So many customers in each arm, since now."""
    arms = {arm: [new_id() for _ in range(size)] for arm, size in sizes.items()}
    async with metrics.work(account) as work:
        told = {one: (arm, work.now) for arm, people in arms.items() for one in people}
        await experiments.remember(work, UUID(experiment_id), told)
    return arms


async def read_out(metrics: Harness, account: UUID, experiment_id: str) -> dict[str, Any]:
    answer = await metrics.client(account=account).get(f"{PATH}/{experiment_id}/results")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestAnAssignment:
    async def test_stays_and_is_spread_by_the_shares(self, metrics: Harness, account: UUID) -> None:
        one = await started(metrics, account, holdout_percent="20")
        client, people = metrics.client(account=account), [new_id() for _ in range(60)]
        first = [(await client.get(f"{PATH}/{one}/assignment", params={"customer_id": str(each)})) for each in people]
        assert {each.json()["variant"] for each in first} == {"nothing", "voucher", "holdout"}
        metrics.clock.advance(3 * DAY)
        again = await client.get(f"{PATH}/{one}/assignment", params={"customer_id": str(people[0])})
        assert again.json() == first[0].json()
        assigned = (await client.get(f"{PATH}/{one}")).json()["assigned"]
        assert assigned == dict(Counter(each.json()["variant"] for each in first))

    async def test_is_the_earlier_one_of_two_people_who_are_one(self, metrics: Harness, account: UUID) -> None:
        one = await started(metrics, account)
        client, ana, anna = metrics.client(account=account), new_id(), new_id()
        async with metrics.work(account) as work:
            arms = {ana: ("nothing", work.now), anna: ("voucher", work.now + DAY)}
            await experiments.remember(work, UUID(one), arms)
        async with metrics.work(account) as work:
            await MERGED_CUSTOMERS.point(work, ana, anna, version=2)
        for each in (ana, anna):
            answer = await client.get(f"{PATH}/{one}/assignment", params={"customer_id": str(each)})
            assert (answer.json()["variant"], answer.json()["customer_id"]) == ("nothing", str(anna))
        assert (await client.get(f"{PATH}/{one}")).json()["assigned"] == {"nothing": 1, "voucher": 0}

    async def test_of_a_restricted_customer_is_told_and_not_kept(self, metrics: Harness, account: UUID) -> None:
        one, ana = await started(metrics, account), new_id()
        await metrics.deliver(record_of(ana, restricted=True), account=account, version=2)
        client = metrics.client(account=account)
        answer = await client.get(f"{PATH}/{one}/assignment", params={"customer_id": str(ana)})
        assert answer.json()["remembered"] is False
        assert sum((await client.get(f"{PATH}/{one}")).json()["assigned"].values()) == 0

    async def test_is_given_to_nobody_new_before_the_start_or_after_the_end(
        self, metrics: Harness, account: UUID
    ) -> None:
        client, ana = metrics.client(account=account), {"customer_id": str(new_id())}
        draft = (await client.post(PATH, json=wanted())).json()["id"]
        assert (await client.get(f"{PATH}/{draft}/assignment", params=ana)).json()["code"] == "experiment_not_running"
        await client.post(f"{PATH}/{draft}/start")
        given = (await client.get(f"{PATH}/{draft}/assignment", params=ana)).json()
        await client.post(f"{PATH}/{draft}/stop")
        assert (await client.get(f"{PATH}/{draft}/assignment", params=ana)).json() == given
        late = await client.get(f"{PATH}/{draft}/assignment", params={"customer_id": str(new_id())})
        assert late.status_code == 409


class TestAQuestion:
    async def test_never_changes_after_the_start(self, metrics: Harness, account: UUID) -> None:
        client, one = metrics.client(account=account), await started(metrics, account)
        other = wanted(outcome={"measure": "activities"}, plan={"baseline": "1", "minimum_effect": "1", "spread": "2"})
        answer = await client.put(f"{PATH}/{one}", json=other)
        assert (answer.status_code, answer.json()["code"]) == (409, "experiment_started")
        assert (await client.delete(f"{PATH}/{one}")).json()["code"] == "experiment_running"
        await client.post(f"{PATH}/{one}/stop")
        assert (await client.delete(f"{PATH}/{one}")).status_code == 204

    async def test_is_planned_before_anybody_is_in_it(self, metrics: Harness, account: UUID) -> None:
        plan = {"baseline": "20", "minimum_effect": "5"}
        answer = await metrics.client(account=account).post(f"{PATH}/plan", json=wanted(plan=plan))
        # As by https://www.evanmiller.org/ab-testing/sample-size.html's formula without pooling.
        assert answer.json()["arms"] == [
            {"variant": "nothing", "customers": 1_091},
            {"variant": "voucher", "customers": 1_091},
        ]

    @pytest.mark.parametrize(
        "changes",
        [
            {"outcome": {"measure": "spend"}},
            {"outcome": {"measure": "nps"}},
            {"plan": {"baseline": "0", "minimum_effect": "5"}},
            {"variants": [{"key": "a"}, {"key": "a"}]},
            {"use_history": True, "outcome": {"measure": "csat"}},
        ],
    )
    async def test_that_cannot_be_answered_is_refused(
        self, metrics: Harness, account: UUID, changes: dict[str, Any]
    ) -> None:
        assert (await metrics.client(account=account).post(PATH, json=wanted(**changes))).status_code == 422


class TestAReadOut:
    async def test_at_the_planned_size_is_one_look_that_later_customers_do_not_change(
        self, metrics: Harness, account: UUID
    ) -> None:
        one = await started(metrics, account, method="fixed_horizon")
        arms = await filled(metrics, account, one, nothing=59, voucher=59)
        bought = [*arms["nothing"][:6], *arms["voucher"][:24]]
        await tell(metrics, account, [activity(each, metrics.clock.now() + DAY) for each in bought])
        early = await read_out(metrics, account, one)
        assert early["conclusion"] == "too_early"
        assert early["arms"][0]["excluded"]["pending"] == 59
        metrics.clock.advance(8 * DAY)
        first = await read_out(metrics, account, one)
        looked = first["findings"][0]["fixed_horizon"]
        assert (first["conclusion"], looked["n"], looked["against_n"]) == ("better", 59, 59)
        assert looked["difference"] == pytest.approx(100 * 18 / 59, abs=0.01)
        await filled(metrics, account, one, nothing=40, voucher=40)
        metrics.clock.advance(8 * DAY)
        second = await read_out(metrics, account, one)
        assert second["arms"][0]["n"] == 99
        assert second["findings"][0]["fixed_horizon"] == looked

    async def test_at_any_time_is_by_the_always_valid_interval(self, metrics: Harness, account: UUID) -> None:
        guardrails = [{"outcome": {"measure": "nps", "within_days": 7}, "margin": "10"}]
        one = await started(metrics, account, guardrails=guardrails)
        arms = await filled(metrics, account, one, nothing=120, voucher=120)
        now = metrics.clock.now() + DAY
        await tell(metrics, account, [activity(each, now) for each in arms["nothing"][:12] + arms["voucher"][:60]])
        said = [(each, 10) for each in arms["nothing"][:110]] + [(each, 0) for each in arms["nothing"][110:]]
        said += [(each, 10) for each in arms["voucher"][:20]] + [(each, 0) for each in arms["voucher"][20:]]
        await metrics.deliver_raw(
            [
                metrics.event(item, account=account, subject=item.feedback_id)
                for each, value in said
                for item in [feedback(customer_id=each, rating=rating("nps", value), occurred_at=now)]
            ]
        )
        metrics.clock.advance(8 * DAY)
        told = await read_out(metrics, account, one)
        [finding], [guardrail] = told["findings"], told["guardrails"]
        assert finding["finding"] == "better"
        assert finding["always_valid"]["interval"]["low"] > 0
        assert (guardrail["state"], told["conclusion"]) == ("broken", "guardrail_is_broken")
        assert guardrail["always_valid"]["difference"] == pytest.approx(100 * (-80 - 100) / 120, abs=0.01)

    async def test_shows_no_effect_where_the_lots_are_broken(self, metrics: Harness, account: UUID) -> None:
        one = await started(metrics, account)
        arms = await filled(metrics, account, one, nothing=200, voucher=120)
        await tell(metrics, account, [activity(each, metrics.clock.now() + DAY) for each in arms["voucher"]])
        metrics.clock.advance(8 * DAY)
        told = await read_out(metrics, account, one)
        assert told["sample_ratio"]["broken"]
        assert told["conclusion"] == "lots_are_broken"
        assert told["findings"] == []
        assert [each["value"] for each in told["arms"]] == [None, None]

    async def test_takes_the_history_out_of_what_is_spent(self, metrics: Harness, account: UUID) -> None:
        changes = {
            "outcome": {"measure": "spend", "currency": "EUR", "within_days": 7},
            "plan": {"baseline": "50", "minimum_effect": "10", "spread": "30"},
        }
        plain = await started(metrics, account, **changes)
        by_history = await started(metrics, account, use_history=True, **changes)
        arms = await filled(metrics, account, plain, nothing=110, voucher=110)
        async with metrics.work(account) as work:
            told = {one: (arm, work.now) for arm, people in arms.items() for one in people}
            await experiments.remember(work, UUID(by_history), told)
        now, done = metrics.clock.now(), []
        for arm, people in arms.items():
            for place, each in enumerate(people):
                before, extra = 10 * (place % 10), 5 if arm == "voucher" else 0
                done.append(activity(each, now - DAY, amount=str(before)))
                done.append(activity(each, now + DAY, amount=str(before + 20 + extra + place % 3)))
                done.append(activity(each, now + DAY, kind="refund", amount="1"))
                done.append(activity(each, now + DAY, amount="900", currency="USD"))
        await tell(metrics, account, done)
        metrics.clock.advance(8 * DAY)
        [wide] = (await read_out(metrics, account, plain))["findings"]
        [narrow] = (await read_out(metrics, account, by_history))["findings"]
        assert wide["always_valid"]["difference"] == narrow["always_valid"]["difference"] == 5
        assert (wide["finding"], wide["history_explains"]) == ("undecided", None)
        assert narrow["finding"] == "better"
        assert narrow["history_explains"] > 0.99

    async def test_leaves_out_whom_not_to_compute_on_and_says_so(self, metrics: Harness, account: UUID) -> None:
        one = await started(metrics, account)
        arms = await filled(metrics, account, one, nothing=10, voucher=10)
        await metrics.deliver(analytics(arms["nothing"][0], granted=False), account=account)
        metrics.clock.advance(8 * DAY)
        [control, _] = (await read_out(metrics, account, one))["arms"]
        assert (control["assigned"], control["n"], control["excluded"]["no_consent"]) == (10, 9, 1)

    async def test_is_of_who_was_drawn_by_a_survey(self, metrics: Harness, account: UUID) -> None:
        of_survey = new_id()
        outcome = {"measure": "responded", "within_days": 7}
        changes = {"survey_experiment_id": str(of_survey), "outcome": outcome}
        one = await started(metrics, account, **changes)
        ana, metrics_now = new_id(), metrics.clock.now()
        told = VariantAssigned(
            assignment_id=new_id(),
            experiment_id=of_survey,
            experiment_name="Wording",
            survey_id=new_id(),
            of="survey",
            variant="voucher",
            holdout=False,
            customer_id=ana,
            visitor_id=None,
            assigned_at=metrics_now,
        )
        await metrics.deliver(told, account=account, subject=told.assignment_id)
        await metrics.deliver(feedback(customer_id=ana, occurred_at=metrics_now + DAY), account=account)
        metrics.clock.advance(8 * DAY)
        found = (await read_out(metrics, account, one))["arms"][1]
        assert (found["assigned"], found["n"], found["value"]) == (1, 1, 100.0)
        ask = {"customer_id": str(ana)}
        refused = await metrics.client(account=account).get(f"{PATH}/{one}/assignment", params=ask)
        assert refused.json()["code"] == "survey_draws"
