"""How many of those who began together stay, asked over HTTP.

Seen to fail: the period that is not over with a share, customers who began before the window in a cohort of it,
those who may not be computed on in `n`.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.gateway import AccountCreated
from shared.ids import new_id
from shared.statistics import shown, wilson
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, tell
from tests.metrics.builders import analytics, record_of

WINDOW: dict[str, Any] = {"from": "2026-01-01", "to": "2026-04-01", "periods": 3}


def on(month: int, day: int) -> datetime:
    """Of the winter in which the tests are: it is the 2nd of March."""
    return datetime(2026 if month < 12 else 2025, month, day, 6, tzinfo=UTC)


async def ask(metrics: Harness, account: UUID, **query: Any) -> dict[str, Any]:
    response = await metrics.client(account=account).get("/v1/cohorts", params=WINDOW | query)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def shares(cohort: dict[str, Any]) -> list[Any]:
    return [period["share"] for period in cohort["periods"]]


class TestCohorts:
    async def test_are_who_began_in_a_period_and_who_was_active_in_each_since(
        self, metrics: Harness, account: UUID
    ) -> None:
        people = [new_id() for _ in range(4)]
        told = [activity(each, on(1, 5)) for each in people]
        # One each in the two months after, one both, twice in one; one who began before the window, and one after.
        told += [activity(people[0], on(2, 1)), activity(people[1], on(3, 2)), activity(people[2], on(2, 3))]
        told += [activity(people[2], on(2, 8)), activity(people[2], on(3, 1))]
        told += [activity(old := new_id(), on(12, 31)), activity(old, on(1, 20)), activity(new_id(), on(3, 1))]
        await tell(metrics, account, told)
        answer = await ask(metrics, account)
        january, march = answer["cohorts"]
        assert (january["from"], january["to"], january["n"]) == ("2026-01-01", "2026-02-01", 4)
        # March is not over: so many so far, and no share of it yet.
        assert shares(january) == [100.0, 50.0, None]
        assert [period["active"] for period in january["periods"]] == [4, 2, 2]
        low, high = wilson(0.5, 4)
        assert january["periods"][1]["interval"]["low"] == shown(100 * low)
        assert january["periods"][1]["interval"]["high"] == shown(100 * high)
        assert (march["n"], shares(march)) == (1, [None])
        assert [(each["number"], each["n"], each["share"]) for each in answer["together"]] == [
            (0, 4, 100.0),
            (1, 4, 50.0),
        ]
        assert (answer["n"], answer["insufficient"], answer["formula_version"]) == (5, True, 1)
        assert answer["watermark"] == "2026-03-02T06:00:00Z"

    async def test_leave_out_who_may_not_be_computed_on(self, metrics: Harness, account: UUID) -> None:
        ana, ben, cleo = new_id(), new_id(), new_id()
        await tell(metrics, account, [activity(each, on(1, 5)) for each in (ana, ben, cleo)])
        await metrics.deliver(record_of(ana, restricted=True), account=account, subject=ana, version=2)
        await metrics.deliver(analytics(ben, granted=False), account=account, subject=ben)
        answer = await ask(metrics, account)
        assert (answer["n"], answer["excluded"]) == (1, {"restricted": 1, "no_consent": 1})

    async def test_go_by_the_rule_of_the_account(self, metrics: Harness, account: UUID) -> None:
        ana = new_id()
        told = [activity(ana, on(1, 5), kind="signup"), activity(ana, on(2, 5), kind="visit")]
        await tell(metrics, account, [*told, activity(ana, on(3, 1))])
        assert [cohort["from"] for cohort in (await ask(metrics, account))["cohorts"]] == ["2026-03-01"]
        client = metrics.client(account=account)
        rule = {"begins_with": ["signup"], "active_by": ["visit"]}
        assert (await client.put("/v1/worth-policy", json=rule)).status_code == 200
        (cohort,) = (await ask(metrics, account))["cohorts"]
        assert (cohort["from"], shares(cohort)) == ("2026-01-01", [0.0, 100.0, None])
        # Asked for, it is something else than the rule.
        assert (await ask(metrics, account, starts_with="purchase"))["cohorts"][0]["from"] == "2026-03-01"

    async def test_by_week_begin_on_monday(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, [activity(new_id(), on(2, 8)), activity(new_id(), on(2, 9))])
        answer = await ask(metrics, account, interval="week")
        assert [cohort["from"] for cohort in answer["cohorts"]] == ["2026-02-02", "2026-02-09"]

    async def test_take_the_beginning_of_a_day_and_no_other_time(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, [activity(new_id(), on(1, 5))])
        assert (await ask(metrics, account, **{"from": "2026-01-01T00:00:00Z"}))["n"] == 1
        client = metrics.client(account=account)
        for path in ("/v1/cohorts", "/v1/cohorts/survival", "/v1/rfm", "/v1/lifetime-value/by-satisfaction"):
            assert (await client.get(path, params={"from": "2026-01-01T07:00:00Z"})).status_code == 422
            assert (await client.get(path, params={"from": "2026-01-01T00:00:00Z"})).status_code == 200

    async def test_of_nobody_are_none(self, metrics: Harness, account: UUID) -> None:
        answer = await ask(metrics, account)
        assert (answer["n"], answer["cohorts"], answer["together"], answer["watermark"]) == (0, [], [], None)

    async def test_go_by_the_days_of_the_account(self, metrics: Harness, account: UUID) -> None:
        opened = AccountCreated(account_id=account, name="Shop", locale="en", timezone="Pacific/Auckland")
        await metrics.deliver(opened, account=account, subject=account)
        await metrics.run_timers()
        # Noon of the last of January in London is February in Auckland.
        late = datetime(2026, 1, 31, 12, tzinfo=UTC)
        await tell(metrics, account, [activity(new_id(), late)])
        answer = await ask(metrics, account)
        assert (answer["time_zone"], answer["cohorts"][0]["from"]) == ("Pacific/Auckland", "2026-02-01")


class TestTheRule:
    async def test_is_replaced_by_whoever_has_seen_it(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        before = await client.get("/v1/worth-policy")
        assert (before.json()["silent_days"], before.headers["etag"]) == (90, '"0"')
        after = await client.put("/v1/worth-policy", json={"silent_days": 30}, headers={"If-Match": '"0"'})
        assert (after.json()["silent_days"], after.headers["etag"]) == (30, '"1"')
        stale = await client.put("/v1/worth-policy", json={}, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        assert (await client.get("/v1/worth-policy")).json()["silent_days"] == 30

    async def test_is_not_everybodys_to_change(self, metrics: Harness, account: UUID) -> None:
        reader = metrics.client("metrics:read", account=account)
        assert (await reader.put("/v1/worth-policy", json={})).status_code == 403
        twice = await metrics.client(account=account).put("/v1/worth-policy", json={"active_by": ["visit", "visit"]})
        assert twice.status_code == 422
