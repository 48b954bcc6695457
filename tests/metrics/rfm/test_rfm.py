"""Customers by how lately, how often and for how much they bought, asked over HTTP."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.metrics.rfm.groups import GROUPS
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, tell
from tests.metrics.builders import record_of

DAY = timedelta(days=1)


async def ask(metrics: Harness, account: UUID, path: str = "/v1/rfm", **query: Any) -> dict[str, Any]:
    response = await metrics.client(account=account).get(path, params=query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_every_pair_of_scores_is_in_one_group() -> None:
    for recency in range(1, 6):
        for frequency in range(1, 6):
            lies_in = [
                name
                for name, group in GROUPS.items()
                if group.recency[0] <= recency <= group.recency[1]
                and group.frequency[0] <= frequency <= group.frequency[1]
            ]
            assert len(lies_in) == 1, (recency, frequency)


class TestScores:
    async def test_are_fifths_and_those_of_equals_are_equal(self, metrics: Harness, account: UUID) -> None:
        now = metrics.clock.now()
        people = [new_id() for _ in range(10)]
        # The later one is in the list, the later, more often and for more they bought; half of them once.
        told = [activity(each, now - (30 - at) * DAY, amount=str(10 + at)) for at, each in enumerate(people)]
        told += [activity(each, now - 100 * DAY, amount="1") for at, each in enumerate(people) for _ in range(at - 4)]
        told += [activity(people[9], now - DAY, kind="refund", amount="2")]
        told += [activity(new_id(), now - 500 * DAY, amount="9"), activity(new_id(), now, kind="visit")]
        await tell(metrics, account, told)
        page = await ask(metrics, account, "/v1/rfm/customers")
        by_id = {each["customer_id"]: each for each in page["data"]}
        scores = [by_id[str(each)] for each in people]
        assert [each["recency_score"] for each in scores] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
        # Five of ten are equal: the middle of their ranks lies in the second fifth.
        assert [each["frequency_score"] for each in scores] == [2, 2, 2, 2, 2, 3, 4, 4, 5, 5]
        assert (scores[9]["money"], scores[9]["frequency"]) == ({"amount": "22.00", "currency": "EUR"}, 6)
        answer = await ask(metrics, account)
        assert (answer["n"], answer["insufficient"]) == (10, True)
        assert {group["group"]: group["n"] for group in answer["groups"] if group["n"]} == {
            "champions": 2,
            "loyal": 2,
            "need_attention": 1,
            "about_to_sleep": 1,
            "hibernating": 4,
        }
        assert answer["groups"][0]["share"] == 20.0
        best = await ask(metrics, account, "/v1/rfm/customers", group="champions", limit=1)
        assert [each["customer_id"] for each in best["data"]] == [str(people[9])]
        assert best["next_cursor"] is not None

    async def test_are_not_given_to_who_may_not_be_computed_on(self, metrics: Harness, account: UUID) -> None:
        ana, now = new_id(), metrics.clock.now()
        await tell(metrics, account, [activity(ana, now, amount="5"), activity(new_id(), now, amount="5")])
        await metrics.deliver(record_of(ana, restricted=True), account=account, subject=ana, version=2)
        answer = await ask(metrics, account)
        assert (answer["n"], answer["excluded"]) == (1, {"restricted": 1, "no_consent": 0})

    async def test_are_in_one_currency(self, metrics: Harness, account: UUID) -> None:
        now = metrics.clock.now()
        told = [activity(new_id(), now, amount="5", currency=currency) for currency in ("EUR", "USD")]
        await tell(metrics, account, told)
        assert (await metrics.client(account=account).get("/v1/rfm")).status_code == 422
        assert (await ask(metrics, account, currency="USD"))["n"] == 1

    async def test_of_nobody_are_none(self, metrics: Harness, account: UUID) -> None:
        answer = await ask(metrics, account)
        assert (answer["n"], answer["currency"], answer["groups"][0]["share"]) == (0, None, None)
