"""What was done, what it cost and what it brought: no number without a comparator, none without an interval."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.metrics.experiments import service as experiments
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, tell
from tests.metrics.builders import record_of

DAY = timedelta(days=1)
PATH = "/v1/initiatives"


def wanted(metrics: Harness, **changes: Any) -> dict[str, Any]:
    """What customers spend after they were called back, for 100 euros, unless said otherwise."""
    return {
        "name": "Call back",
        "started_at": metrics.clock.now().isoformat(),
        "outcome": {"measure": "spend", "currency": "EUR", "within_days": 7},
        "cost": {"amount": "100", "currency": "EUR"},
        "comparator": {"kind": "matched"},
    } | changes


async def made(metrics: Harness, account: UUID, **changes: Any) -> str:
    answer = await metrics.client(account=account).post(PATH, json=wanted(metrics, **changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def joined(
    metrics: Harness, account: UUID, one: str, size: int, *, treated: bool, **attributes: str
) -> list[UUID]:
    people = [new_id() for _ in range(size)]
    members = [{"customer_id": str(each), "treated": treated, "attributes": attributes} for each in people]
    answer = await metrics.client(account=account).post(f"{PATH}/{one}/members", json={"members": members})
    assert answer.status_code == 200, answer.text
    return people


async def effect(metrics: Harness, account: UUID, one: str) -> dict[str, Any]:
    answer = await metrics.client(account=account).get(f"{PATH}/{one}/effect")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestAnEffect:
    async def test_has_no_number_without_a_comparator(self, metrics: Harness, account: UUID) -> None:
        told = await effect(metrics, account, await made(metrics, account, comparator=None))
        assert [told[name] for name in ("effect", "interval", "gain", "roi")] == [None] * 4
        assert "no number" in told["text"]

    async def test_against_matched_customers_is_within_those_who_are_alike(
        self, metrics: Harness, account: UUID
    ) -> None:
        """The loyal buy for 100 anyway and are treated more often; what was done brings 10 each."""
        one = await made(metrics, account)
        now, done = metrics.clock.now() + DAY, []
        for loyalty, base, treated, compared in (("loyal", 100, 12, 4), ("new", 20, 4, 12)):
            for side, size in ((True, treated), (False, compared)):
                people = await joined(metrics, account, one, size, treated=side, loyalty=loyalty)
                for place, each in enumerate(people):
                    done.append(activity(each, now, amount=str(base + 10 * side + (place % 2))))
        await joined(metrics, account, one, 3, treated=True, loyalty="unheard of")
        await tell(metrics, account, done)
        metrics.clock.advance(8 * DAY)
        told = await effect(metrics, account, one)
        assert (told["n"], told["against_n"], told["excluded"]["unmatched"]) == (16, 16, 3)
        assert told["effect"] == 10.0
        assert told["gain"]["value"] == "160.00"
        assert told["roi"]["value"] == 60.0
        assert told["interval"]["low"] < 10 < told["interval"]["high"]
        assert told["more_than_noise"]
        assert any("same attributes" in each for each in told["assumptions"])

    async def test_of_differences_takes_out_what_would_have_changed_anyway(
        self, metrics: Harness, account: UUID
    ) -> None:
        """Everybody buys for 5 more than before, and those it was done for 3 more than that."""
        one = await made(metrics, account, comparator={"kind": "difference_in_differences"})
        now, done = metrics.clock.now(), []
        for side, base in ((True, 50), (False, 10)):
            for place, each in enumerate(await joined(metrics, account, one, 10, treated=side)):
                done.append(activity(each, now - DAY, amount=str(base)))
                done.append(activity(each, now + DAY, amount=str(base + 5 + 3 * side + place % 2)))
        await tell(metrics, account, done)
        metrics.clock.advance(8 * DAY)
        told = await effect(metrics, account, one)
        assert (told["effect"], told["value"], told["against_value"]) == (3.0, 8.5, 5.5)

    async def test_against_a_holdout_counts_what_one_more_is_worth(self, metrics: Harness, account: UUID) -> None:
        client, outcome = metrics.client(account=account), {"measure": "conversion", "within_days": 7}
        body = {
            "name": "Voucher",
            "hypothesis": "They buy again.",
            "variants": [{"key": "a"}, {"key": "b"}],
            "holdout_percent": "50",
            "outcome": outcome,
            "plan": {"baseline": "10", "minimum_effect": "20"},
        }
        tried = (await client.post("/v1/experiments", json=body)).json()["id"]
        await client.post(f"/v1/experiments/{tried}/start")
        arms = {arm: [new_id() for _ in range(size)] for arm, size in (("a", 25), ("b", 25), ("holdout", 50))}
        async with metrics.work(account) as work:
            told = {each: (arm, work.now) for arm, people in arms.items() for each in people}
            await experiments.remember(work, UUID(tried), told)
        bought = [*arms["a"][:15], *arms["b"][:15], *arms["holdout"][:10]]
        await tell(metrics, account, [activity(each, metrics.clock.now() + DAY) for each in bought])
        metrics.clock.advance(8 * DAY)
        comparator, worth = {"kind": "holdout", "experiment_id": tried}, {"amount": "30", "currency": "EUR"}
        one = await made(metrics, account, outcome=outcome, comparator=comparator, worth=worth)
        found = await effect(metrics, account, one)
        assert (found["n"], found["against_n"], found["effect"]) == (50, 50, 40.0)
        assert (found["gain"]["value"], found["roi"]["value"]) == ("600.00", 500.0)

    async def test_waits_for_the_days_and_leaves_out_whom_not_to_compute_on(
        self, metrics: Harness, account: UUID
    ) -> None:
        one = await made(metrics, account)
        ana, *_ = await joined(metrics, account, one, 3, treated=True)
        await joined(metrics, account, one, 3, treated=False)
        await metrics.deliver(record_of(ana, restricted=True), account=account, version=2)
        told = await effect(metrics, account, one)
        assert (told["excluded"]["pending"], told["excluded"]["restricted"], told["effect"]) == (5, 1, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"cost": {"amount": "1", "currency": "USD"}},
        {"outcome": {"measure": "nps"}},
        {"worth": {"amount": "1", "currency": "EUR"}},
        {"comparator": {"kind": "holdout", "experiment_id": "00000000-0000-7000-8000-000000000000"}},
    ],
)
async def test_what_cannot_be_reckoned_is_refused(metrics: Harness, account: UUID, changes: dict[str, Any]) -> None:
    answer = await metrics.client(account=account).post(PATH, json=wanted(metrics, **changes))
    assert answer.status_code == 422, answer.text
