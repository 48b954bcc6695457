"""How long customers stay, asked over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, tell
from tests.metrics.builders import feedback, rating, record_of

BEGUN = datetime(2025, 11, 1, 6, tzinfo=UTC)
DAY = timedelta(days=1)


async def ask(metrics: Harness, account: UUID, **query: Any) -> dict[str, Any]:
    window = {"from": "2025-10-01", "to": "2026-03-01"}
    response = await metrics.client(account=account).get("/v1/cohorts/survival", params=window | query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def curve(group: dict[str, Any]) -> list[tuple[int, int, int, float]]:
    return [(step["day"], step["at_risk"], step["left"], step["share"]) for step in group["steps"]]


class TestStaying:
    async def test_ends_when_a_silence_is_full_or_with_a_cancellation(self, metrics: Harness, account: UUID) -> None:
        rule = {"silent_days": 60}
        await metrics.client(account=account).put("/v1/worth-policy", json=rule)
        once, again, told_so, back, new = (new_id() for _ in range(5))
        told = [activity(each, BEGUN) for each in (once, again, told_so, back)]
        # Known for 121 days. `again` is silent from day 40 to 100, `back` for longer before they came back.
        told += [activity(again, BEGUN + 40 * DAY), activity(back, BEGUN + 70 * DAY)]
        told += [activity(told_so, BEGUN + 10 * DAY, kind="cancellation"), activity(new, BEGUN + 100 * DAY)]
        await tell(metrics, account, told)
        answer = await ask(metrics, account)
        (group,) = answer["groups"]
        assert curve(group) == [(10, 5, 1, 80.0), (60, 3, 2, 26.67), (100, 1, 1, 0.0)]
        assert (group["n"], group["left"], group["still_there"]) == (5, 4, 1)
        assert (group["median"]["days"], answer["test"]) == (60, None)
        await metrics.client(account=account).put("/v1/worth-policy", json={"leaves_by": "cancellation"})
        (group,) = (await ask(metrics, account))["groups"]
        assert curve(group) == [(10, 5, 1, 80.0)]

    async def test_of_those_who_answered_begins_with_the_answer(self, metrics: Harness, account: UUID) -> None:
        await metrics.client(account=account).put("/v1/worth-policy", json={"silent_days": 60})
        glad, sad, late, stranger = (new_id() for _ in range(4))
        await tell(metrics, account, [activity(each, BEGUN) for each in (glad, sad, late)])
        await tell(metrics, account, [activity(glad, BEGUN + 50 * DAY), activity(glad, BEGUN + 100 * DAY)])
        for customer, value, at in ((glad, 10, 20), (sad, 2, 20), (late, 10, 70), (stranger, 10, 20)):
            said = feedback(customer_id=customer, rating=rating("nps", value), occurred_at=BEGUN + at * DAY)
            await metrics.deliver(said, account=account, subject=said.feedback_id)
        detractor, promoter = (await ask(metrics, account, by="nps"))["groups"]
        assert (detractor["group"], curve(detractor)) == ("detractor", [(40, 1, 1, 0.0)])
        # One had left before they answered, one never was a customer.
        assert (promoter["group"], promoter["n"], promoter["excluded"]["not_at_risk"]) == ("promoter", 1, 2)
        assert promoter["still_there"] == 1

    async def test_of_groups_is_tested(self, metrics: Harness, account: UUID) -> None:
        await metrics.client(account=account).put("/v1/worth-policy", json={"leaves_by": "cancellation"})
        told = []
        for number in range(24):
            customer, source = new_id(), ("shop", "fair")[number % 2]
            told.append(activity(customer, BEGUN, source=source))
            if source == "fair" or number < 4:
                told.append(activity(customer, BEGUN + (number + 5) * DAY, kind="cancellation"))
        await tell(metrics, account, told)
        answer = await ask(metrics, account, by="source")
        assert [(group["group"], group["left"], group["n"]) for group in answer["groups"]] == [
            ("fair", 12, 12),
            ("shop", 2, 12),
        ]
        assert (answer["test"]["degrees_of_freedom"], answer["test"]["significant"]) == (1, True)
        assert answer["test"]["p_value"] < 0.001

    async def test_leaves_out_who_may_not_be_computed_on(self, metrics: Harness, account: UUID) -> None:
        ana = new_id()
        await tell(metrics, account, [activity(ana, BEGUN), activity(new_id(), BEGUN)])
        await metrics.deliver(record_of(ana, restricted=True), account=account, subject=ana, version=2)
        (group,) = (await ask(metrics, account))["groups"]
        assert (group["n"], group["excluded"]) == (1, {"restricted": 1, "no_consent": 0, "not_at_risk": 0})
