"""What changed since an improvement, and whether that is more than noise.

Seen to fail: the day of shipping on one side, an expected change shown with another metric, 0 for a side with nothing.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import httpx
import pytest

from services.metrics.scores.catalogue import CATALOGUE
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.metrics import MetricName
from shared.contracts.problems import ExpectedChange, ImprovementShipped
from shared.ids import new_id
from shared.statistics import difference_bounds
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, feedback, rating

DAY = timedelta(days=1)


async def ship(metrics: Harness, account: UUID, at: datetime = NOON, **fields: Any) -> str:
    values: dict[str, Any] = {
        "improvement_id": new_id(),
        "title": "Another carrier",
        "problem_ids": (),
        "causes": (),
        "shipped_at": at,
        "expected": ExpectedChange(metric="nps", change=Decimal(5)),
        "cost": None,
        "affected_customers": 3,
    }
    shipped = ImprovementShipped(**values | fields)
    await metrics.deliver(shipped, account=account, subject=shipped.improvement_id)
    return f"/v1/improvements/{shipped.improvement_id}/effect"


def scores(at: datetime, *values: int) -> list[FeedbackReceived]:
    return [feedback(rating=rating("nps", value), occurred_at=at) for value in values]


async def tell(metrics: Harness, account: UUID, *said: FeedbackReceived) -> None:
    await metrics.deliver_raw([metrics.event(item, account=account, subject=item.feedback_id) for item in said])


async def ask(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    response = await client.get(path, params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_the_published_names_are_those_of_the_catalogue() -> None:
    assert set(get_args(MetricName)) == set(CATALOGUE)


def test_the_bounds_of_a_difference_are_newcombes_for_two_shares() -> None:
    """56 of 70 and 48 of 80 (Newcombe, Statistics in Medicine, 1998, table II, method 10): 0.0524 to 0.3339."""
    first, second = (0.4906, 0.6, 0.7003), (0.6920, 0.8, 0.8776)
    assert difference_bounds(first, second) == pytest.approx((0.0524, 0.3339), abs=2e-3)


class TestTheEffect:
    async def test_needs_a_credential_and_an_improvement_of_ones_own(self, metrics: Harness, account: UUID) -> None:
        path = await ship(metrics, account)
        assert (await metrics.anonymous().get(path)).status_code == 401
        assert (await metrics.client(account=new_id()).get(path)).status_code == 404
        assert (await metrics.client("feedback:read", account=account).get(path)).status_code == 403

    async def test_compares_whole_days_without_the_one_of_shipping(self, metrics: Harness, account: UUID) -> None:
        path = await ship(metrics, account)
        await tell(metrics, account, *scores(NOON - DAY, *[0] * 40), *scores(NOON, *[5] * 40))
        await tell(metrics, account, *scores(NOON + DAY, *[10] * 40), *scores(NOON - 8 * DAY, *[10] * 40))
        metrics.clock.advance(30 * DAY)
        found = await ask(metrics.client(account=account), path, days=7)
        assert (found["metric"], found["expected_change"], found["complete"]) == ("nps", "5", True)
        assert (found["before"]["value"], found["before"]["n"]) == (-100.0, 40)
        assert (found["after"]["value"], found["after"]["n"]) == (100.0, 40)
        assert (found["difference"], found["more_than_noise"]) == (200.0, True)
        assert found["interval"]["low"] < 200 <= found["interval"]["high"]
        shipped_on = NOON.date().isoformat()
        assert (found["before"]["to"], found["after"]["from"]) == (shipped_on, (NOON + DAY).date().isoformat())

    async def test_does_not_take_noise_for_an_effect(self, metrics: Harness, account: UUID) -> None:
        path = await ship(metrics, account)
        await tell(metrics, account, *scores(NOON - DAY, 0, 9, 10), *scores(NOON + DAY, 0, 10, 10, 9))
        found = await ask(metrics.client(account=account), path)
        assert (found["more_than_noise"], found["before"]["insufficient"], found["complete"]) == (False, True, False)

    async def test_is_null_where_nothing_was_counted(self, metrics: Harness, account: UUID) -> None:
        path = await ship(metrics, account)
        await tell(metrics, account, *scores(NOON - DAY, 0, 9, 10))
        found = await ask(metrics.client(account=account), path)
        unsaid = ("difference", "interval", "more_than_noise")
        assert [found[name] for name in unsaid] + [found["after"]["value"]] == [None] * 4

    async def test_is_shown_of_any_metric(self, metrics: Harness, account: UUID) -> None:
        path = await ship(metrics, account)
        found = await ask(metrics.client(account=account), path, metric="csat")
        assert (found["metric"], found["expected_change"]) == ("csat", None)
        unsaid = await ship(metrics, account, expected=None)
        client = metrics.client(account=account)
        assert (await client.get(unsaid)).json()["errors"][0]["pointer"] == "query:metric"
        for query in ({"metric": "joy"}, {"days": 0}, {"days": 400}):
            assert (await client.get(path, params=query)).status_code == 422
