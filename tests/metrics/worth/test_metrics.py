"""The metrics of worth and staying, asked over HTTP. Seen to fail: days to come taken for silence."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.metrics.worth.catalogue import WORTH_CATALOGUE
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, tell
from tests.metrics.builders import analytics, record_of

FEBRUARY: dict[str, Any] = {"from": "2026-02-01", "to": "2026-03-01"}
BEFORE = datetime(2026, 1, 10, tzinfo=UTC)
WITHIN = datetime(2026, 2, 10, tzinfo=UTC)
SUBSCRIPTIONS = {
    "begins_with": ["signup"],
    "active_by": ["signup"],
    "leaves_by": "cancellation",
    "gross_margin_percent": "80",
    "discount_percent": "1",
}


async def ask(metrics: Harness, account: UUID, name: str, **query: Any) -> dict[str, Any]:
    response = await metrics.client(account=account).get(f"/v1/metrics/{name}", params=FEBRUARY | query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


async def rows(metrics: Harness, account: UUID, name: str, **query: Any) -> list[dict[str, Any]]:
    path = f"/v1/metrics/{name}/rows"
    response = await metrics.client(account=account).get(path, params=FEBRUARY | {"limit": 1000} | query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["data"]
    return found


async def rule(metrics: Harness, account: UUID, **changes: Any) -> None:
    response = await metrics.client(account=account).put("/v1/worth-policy", json=changes)
    assert response.status_code == 200, response.text


async def spend(metrics: Harness, account: UUID, amount: str, start: str, end: str, currency: str = "EUR") -> str:
    body = {"from": start, "to": end, "amount": {"amount": amount, "currency": currency}}
    response = await metrics.client(account=account).post("/v1/acquisition-spend", json=body)
    assert response.status_code == 201, response.text
    spend_id: str = response.json()["id"]
    return spend_id


def purchases(people: Sequence[UUID], at: datetime, amount: str, **changes: Any) -> list[Any]:
    return [activity(each, at, amount=amount, **changes) for each in people]


class TestTheGoldenVectors:
    async def test_come_out_of_what_customers_did(self, metrics: Harness, account: UUID) -> None:
        """50 customers pay 50 in February, of which 80 % is left; 2 of them leave. 60 come, for 30,000."""
        await rule(metrics, account, **SUBSCRIPTIONS)
        old, new = [new_id() for _ in range(50)], [new_id() for _ in range(60)]
        told = [activity(each, BEFORE, kind="signup") for each in old]
        told += purchases(old, WITHIN, "50")
        told += [activity(each, WITHIN + timedelta(days=5), kind="cancellation") for each in old[:2]]
        told += [activity(each, WITHIN, kind="signup") for each in new]
        await tell(metrics, account, told)
        # Half of it in the window: 28 of 56 days.
        await spend(metrics, account, "60000", "2026-02-01", "2026-03-29")
        await spend(metrics, account, "99", "2026-01-01", "2026-02-01")
        answers = {name: await ask(metrics, account, name) for name in WORTH_CATALOGUE}
        assert {name: answer["value"] for name, answer in answers.items()} == {
            "retention": 96.0,
            "churn": 4.0,
            # Nobody paid before the window, and all bought for the first time.
            "revenue_churn_gross": None,
            "revenue_churn_net": None,
            "repeat_rate": 0.0,
            "cltv": 1000.0,
            "cltv_capped": 913.65,
            "cltv_discounted": 768.0,
            "cac": 500.0,
            "payback": 12.5,
            "cltv_to_cac": 2.0,
        }
        assert answers["cltv"]["money"] == {"amount": "1000.00", "currency": "EUR"}
        assert (answers["payback"]["money"], answers["retention"]["money"]) == (None, None)
        assert "Of a sale 80 % is left." in answers["cltv"]["assumptions"]
        for name, answer in answers.items():
            assert len(await rows(metrics, account, name)) == answer["n"]
            if answer["interval"] is not None:
                assert answer["interval"]["low"] <= answer["value"] <= answer["interval"]["high"]
        assert {name: answers[name]["n"] for name in ("churn", "cltv", "cac")} == {"churn": 50, "cltv": 50, "cac": 60}

    async def test_are_withheld_where_too_few_could_say(self, metrics: Harness, account: UUID) -> None:
        await rule(metrics, account, **SUBSCRIPTIONS, horizon_months=5)
        few = [new_id() for _ in range(5)]
        told = [activity(each, BEFORE, kind="signup") for each in few]
        await tell(metrics, account, [*told, *purchases(few, WITHIN, "50")])
        answer = await ask(metrics, account, "cltv")
        assert (answer["value"], answer["money"], answer["n"], answer["insufficient"]) == (None, None, 5, True)
        # Nobody left, so within the horizon all stay.
        assert (await ask(metrics, account, "cltv_capped"))["money"]["amount"] == "200.00"
        assert (await ask(metrics, account, "cac"))["value"] is None


class TestStaying:
    async def test_ends_with_silence_or_a_cancellation(self, metrics: Harness, account: UUID) -> None:
        await rule(metrics, account, silent_days=30)
        stays, silent, told_so, back, gone = (new_id() for _ in range(5))
        told = purchases([stays, silent, told_so, back], datetime(2026, 1, 20, tzinfo=UTC), "10")
        told += purchases([stays, told_so, back], WITHIN, "10")
        told += purchases([gone], datetime(2025, 12, 1, tzinfo=UTC), "10")
        told += [activity(each, WITHIN + timedelta(days=1), kind="cancellation") for each in (told_so, back)]
        told += purchases([back], WITHIN + timedelta(days=2), "10")
        await tell(metrics, account, told)
        answer = await ask(metrics, account, "retention")
        assert (answer["value"], answer["n"], answer["bands"]["positive"]) == (50.0, 4, 2)
        assert {row["customer_id"]: row["outcome"] for row in await rows(metrics, account, "churn")} == {
            str(stays): "good",
            str(silent): "bad",
            str(told_so): "bad",
            str(back): "good",
        }

    async def test_is_not_judged_by_days_to_come(self, metrics: Harness, account: UUID) -> None:
        await rule(metrics, account, silent_days=30)
        await tell(metrics, account, purchases([new_id()], datetime(2026, 2, 20, tzinfo=UTC), "10"))
        answer = await ask(metrics, account, "retention", **{"from": "2026-03-01", "to": "2026-12-01"})
        assert (answer["value"], answer["n"]) == (100.0, 1)
        answer = await ask(metrics, account, "retention", **{"from": "2026-05-01", "to": "2026-12-01"})
        assert (answer["value"], answer["n"]) == (None, 0)

    async def test_is_told_by_period(self, metrics: Harness, account: UUID) -> None:
        await rule(metrics, account, silent_days=31)
        stays, leaves = new_id(), new_id()
        told = purchases([stays, leaves], datetime(2025, 12, 20, tzinfo=UTC), "10")
        told += purchases([stays], datetime(2026, 1, 20, tzinfo=UTC), "10")
        told += purchases([stays], datetime(2026, 2, 20, tzinfo=UTC), "10")
        await tell(metrics, account, told)
        answer = await ask(metrics, account, "retention", **{"from": "2026-01-01", "interval": "month"})
        assert [(point["value"], point["n"]) for point in answer["series"]] == [(50.0, 2), (100.0, 1)]
        assert (answer["value"], answer["n"]) == (50.0, 2)

    async def test_is_compared_with_the_time_before(self, metrics: Harness, account: UUID) -> None:
        await rule(metrics, account, silent_days=31)
        stays, leaves = new_id(), new_id()
        told = purchases([stays, leaves], datetime(2025, 12, 20, tzinfo=UTC), "10")
        told += purchases([stays], datetime(2026, 1, 20, tzinfo=UTC), "10")
        await tell(metrics, account, [*told, *purchases([stays], WITHIN, "10")])
        month = {"from": "2026-02-01", "to": "2026-03-01", "compare": "previous"}
        comparison = (await ask(metrics, account, "retention", **month))["comparison"]
        # The 28 days before: both were customers on the 4th of January, one on the 1st of February.
        assert (comparison["value"], comparison["n"], comparison["change"]) == (50.0, 2, 50.0)
        worth = (await ask(metrics, account, "cltv_capped", **month))["comparison"]
        assert (worth["n"], worth["test"]) == (2, None)

    async def test_leaves_out_who_may_not_be_computed_on(self, metrics: Harness, account: UUID) -> None:
        ana, ben, cleo = new_id(), new_id(), new_id()
        await tell(metrics, account, purchases([ana, ben, cleo], BEFORE, "10"))
        await metrics.deliver(record_of(ana, restricted=True), account=account, subject=ana, version=2)
        await metrics.deliver(analytics(ben, granted=False), account=account, subject=ben)
        answer = await ask(metrics, account, "retention")
        assert (answer["n"], answer["excluded"]) == (1, {"restricted": 1, "no_consent": 1})
        left_out = await rows(metrics, account, "retention", excluded="restricted")
        assert [row["customer_id"] for row in left_out] == [str(ana)]

    async def test_repeat_rate_counts_who_had_bought_before(self, metrics: Harness, account: UUID) -> None:
        once, twice, again, idle = (new_id() for _ in range(4))
        told = purchases([again, idle], BEFORE, "10") + purchases([once, twice, again], WITHIN, "10")
        await tell(metrics, account, told + purchases([twice], WITHIN + timedelta(days=1), "10"))
        answer = await ask(metrics, account, "repeat_rate")
        assert (answer["value"], answer["n"]) == (66.67, 3)


class TestRevenue:
    async def test_is_lost_gross_without_and_net_with_what_others_pay_more(
        self, metrics: Harness, account: UUID
    ) -> None:
        await rule(metrics, account, silent_days=28)
        less, more, gone = new_id(), new_id(), new_id()
        told = purchases([less, more, gone], datetime(2026, 1, 20, tzinfo=UTC), "100")
        told += [*purchases([less], WITHIN, "80"), *purchases([more], WITHIN, "130")]
        told += [activity(less, WITHIN, kind="refund", amount="20")]
        await tell(metrics, account, told)
        gross = await ask(metrics, account, "revenue_churn_gross")
        net = await ask(metrics, account, "revenue_churn_net")
        # Of 300: 60 and 100 are left of gross, 60 and 130 of net.
        assert (gross["value"], gross["n"], gross["scale"]) == (46.67, 3, {"minimum": 0, "maximum": 100})
        assert (net["value"], net["n"], net["scale"]) == (36.67, 3, None)
        (row,) = (row for row in await rows(metrics, account, "revenue_churn_net") if row["customer_id"] == str(less))
        assert [float(row[name]) for name in ("before", "after", "spent")] == [100, 60, 60]


class TestCurrencies:
    async def test_are_never_added_up(self, metrics: Harness, account: UUID) -> None:
        ana, ben = new_id(), new_id()
        told = [activity(ana, BEFORE, amount="10"), activity(ana, WITHIN, amount="20")]
        told += [activity(ana, WITHIN, amount="70", currency="USD"), activity(ben, BEFORE, amount="40", currency="USD")]
        await tell(metrics, account, [*told, activity(ben, WITHIN, amount="30", currency="USD")])
        client = metrics.client(account=account)
        refused = await client.get("/v1/metrics/cltv_capped", params=FEBRUARY)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "mixed_currencies")
        euros = await ask(metrics, account, "cltv_capped", **{"filter[currency]": "EUR"})
        dollars = await ask(metrics, account, "cltv_capped", **{"filter[currency]": "USD"})
        assert (euros["money"], euros["n"]) == ({"amount": "1200.00", "currency": "EUR"}, 1)
        # Who paid in two belongs to both: (70 + 30) / 2 a month for five years.
        assert (dollars["money"], dollars["n"]) == ({"amount": "3000.00", "currency": "USD"}, 2)
        assert len(await rows(metrics, account, "cltv_capped", **{"filter[currency]": "USD"})) == 2
        apart = await ask(metrics, account, "cltv_capped", by="currency")
        shown = [(point["group"], point["money"]["amount"]) for point in apart["series"]]
        assert shown == [("EUR", "1200.00"), ("USD", "3000.00")]
        assert (apart["value"], apart["money"]) == (None, None)
        # Of staying there is no currency.
        assert (await ask(metrics, account, "retention"))["n"] == 2
        assert (await client.get("/v1/metrics/retention", params={"by": "currency"})).status_code == 422

    async def test_are_not_added_up_over_months_either(self, metrics: Harness, account: UUID) -> None:
        early = [activity(new_id(), datetime(2025, 9, 10, tzinfo=UTC), amount="10")]
        await tell(metrics, account, [*early, activity(new_id(), WITHIN, amount="10", currency="USD")])
        query = {"from": "2025-10-01", "to": "2026-03-02", "interval": "month"}
        client = metrics.client(account=account)
        refused = await client.get("/v1/metrics/cac", params=query)
        assert refused.status_code == 200
        await spend(metrics, account, "10", "2025-10-01", "2025-10-02")
        refused = await client.get("/v1/metrics/cac", params=query)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "mixed_currencies")

    async def test_who_paid_in_none_belongs_to_the_only_one(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, [activity(new_id(), BEFORE), activity(new_id(), BEFORE, amount="28")])
        answer = await ask(metrics, account, "cltv_capped")
        assert (answer["n"], answer["money"]) == (2, {"amount": "0.00", "currency": "EUR"})
        assert len(await rows(metrics, account, "cltv_capped", **{"filter[currency]": "EUR"})) == 2


class TestSpend:
    async def test_is_listed_changed_and_taken_back(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        spend_id = await spend(metrics, account, "100.5", "2026-02-01", "2026-03-01")
        listed = (await client.get("/v1/acquisition-spend")).json()["data"]
        assert [(each["id"], each["amount"]["amount"]) for each in listed] == [(spend_id, "100.50")]
        body = {"from": "2026-02-01", "to": "2026-02-15", "amount": {"amount": "90", "currency": "EUR"}}
        path = f"/v1/acquisition-spend/{spend_id}"
        assert (await client.put(path, json=body, headers={"If-Match": '"1"'})).json()["version"] == 2
        assert (await client.put(path, json=body, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.get(path)).json()["to"] == "2026-02-15"
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404

    @pytest.mark.parametrize("change", [{"to": "2026-02-01"}, {"amount": {"amount": "-1", "currency": "EUR"}}])
    async def test_is_refused_where_it_makes_no_sense(
        self, metrics: Harness, account: UUID, change: dict[str, Any]
    ) -> None:
        body = {"from": "2026-02-01", "to": "2026-03-01", "amount": {"amount": "1", "currency": "EUR"}}
        answer = await metrics.client(account=account).post("/v1/acquisition-spend", json=body | change)
        assert answer.status_code == 422
