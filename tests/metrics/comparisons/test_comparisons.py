"""Answers beside other answers.

Seen to fail: a month compared with 31 days, both sides sharing people, groups judged each by itself.
"""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.metrics.comparisons.against import against
from services.metrics.scores.days import UNTOLD
from services.metrics.scores.selection import Selection
from shared.contracts.feedback import FeedbackReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, feedback, rating
from tests.metrics.tickets.builders import Desk

DAY = timedelta(days=1)
MARCH = {"from": "2026-03-01", "to": "2026-04-01"}
FEBRUARY = NOON - 20 * DAY


def nps(promoters: int, passives: int, detractors: int, **fields: Any) -> list[FeedbackReceived]:
    scores = [9] * promoters + [8] * passives + [0] * detractors
    return [feedback(rating=rating("nps", score), **fields) for score in scores]


async def tell(metrics: Harness, account: UUID, *said: FeedbackReceived) -> None:
    await metrics.deliver_raw([metrics.event(item, account=account, subject=item.feedback_id) for item in said])


async def ask(client: httpx.AsyncClient, name: str, **params: Any) -> dict[str, Any]:
    response = await client.get(f"/v1/metrics/{name}", params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize(
    ("compare", "start", "end", "expected"),
    [
        ("previous", "2026-03-01", "2026-04-01", ("2026-02-01", "2026-03-01")),
        ("previous", "2026-01-01", "2026-04-01", ("2025-10-01", "2026-01-01")),
        ("previous", "2026-03-02", "2026-03-09", ("2026-02-23", "2026-03-02")),
        ("last_year", "2026-03-01", "2026-04-01", ("2025-03-01", "2025-04-01")),
        ("last_year", "2028-02-29", "2028-03-01", ("2027-02-28", "2027-03-01")),
        ("last_year", "2028-02-01", "2028-03-01", ("2027-02-01", "2027-03-01")),
        ("last_year", "2028-02-28", "2028-02-29", ("2027-02-28", "2027-03-01")),
    ],
)
def test_the_other_window_is_as_people_mean_it(compare: str, start: str, end: str, expected: tuple[str, str]) -> None:
    found = against(Selection(date.fromisoformat(start), date.fromisoformat(end), {}, UNTOLD), [compare])
    assert found is not None
    assert (found.selection.start.isoformat(), found.selection.end.isoformat()) == expected


class TestWithTheWindowBefore:
    async def test_15_to_34_points_of_100_answers_each_is_not_more_than_noise(
        self, metrics: Harness, account: UUID
    ) -> None:
        await tell(metrics, account, *nps(40, 35, 25, occurred_at=FEBRUARY), *nps(52, 30, 18))
        answer = await ask(metrics.client(account=account), "nps", **MARCH, compare="previous")
        other = answer["comparison"]
        assert (answer["value"], other["value"], other["n"], other["change"]) == (34.0, 15.0, 100, 19.0)
        assert (other["comparison"], other["from"], other["to"]) == ("previous", "2026-02-01", "2026-03-01")
        assert other["test"]["method"] == "nps_z"
        assert round(other["test"]["statistic"], 2) == 1.73
        assert not other["significant"]
        assert other["change_interval"]["low"] < 0 < other["change_interval"]["high"]
        assert other["rows"] == "/v1/metrics/nps/rows?from=2026-02-01&to=2026-03-01"

    async def test_says_nothing_of_a_change_from_nothing(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *nps(5, 0, 0))
        other = (await ask(metrics.client(account=account), "nps", **MARCH, compare="last_year"))["comparison"]
        unsaid = ("value", "change", "change_interval", "test", "significant")
        assert [other[name] for name in unsaid] == [None] * 5

    async def test_of_times_compares_medians_and_of_stocks_numbers(self, metrics: Harness, account: UUID) -> None:
        for seconds in range(60, 660, 60):
            await self._answered(metrics, account, seconds)
        metrics.clock.advance(7 * DAY)
        for seconds in range(6000, 66000, 6000):
            await self._answered(metrics, account, seconds)
        client = metrics.client(account=account)
        week = {"from": "2026-03-09", "to": "2026-03-16", "compare": "previous"}
        found = await ask(client, "first_response_business", **week)
        assert (found["value"], found["comparison"]["value"]) == (33000.0, 330.0)
        assert (found["comparison"]["test"]["method"], found["comparison"]["significant"]) == ("median_z", True)
        stock = (await ask(client, "backlog", **week))["comparison"]
        assert (stock["value"], stock["change"], stock["test"], stock["significant"]) == (10.0, 10.0, None, None)

    @staticmethod
    async def _answered(metrics: Harness, account: UUID, seconds: int) -> None:
        desk = await Desk(metrics, account).open()
        await desk.reply(seconds=seconds)

    async def test_of_means_on_other_scales_compares_them_on_a_common_one(
        self, metrics: Harness, account: UUID
    ) -> None:
        short = [feedback(rating=rating("ces", value), occurred_at=FEBRUARY) for value in (7, 4)]
        long = rating("ces", 5).model_copy(update={"maximum": 5, "normalised": 100})
        await tell(metrics, account, *short, *(feedback(rating=long) for _ in range(2)))
        answer = await ask(metrics.client(account=account), "ces", **MARCH, compare="previous")
        assert (answer["value"], answer["comparison"]["value"], answer["comparison"]["change"]) == (5.0, 5.5, 25.0)


class TestWithOthers:
    async def test_takes_their_filters_and_the_same_window(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *nps(40, 0, 0, channel="email"), *nps(0, 0, 40, channel="web"))
        await tell(metrics, account, *nps(0, 0, 9, channel="web", occurred_at=FEBRUARY))
        asked = {**MARCH, "filter[channel]": "email", "compare": "channel:web"}
        other = (await ask(metrics.client(account=account), "nps", **asked))["comparison"]
        assert (other["comparison"], other["filters"], other["n"]) == ("segment", {"channel": ["web"]}, 40)
        assert (other["change"], other["significant"]) == (200.0, True)

    @pytest.mark.parametrize(
        ("params", "code"),
        [
            ({"compare": "channel:web"}, "not_apart"),
            ({"compare": ["channel:web", "channel:email"], "filter[channel]": "email"}, "not_apart"),
            ({"compare": "yesterday"}, "unknown_comparison"),
            ({"compare": ["previous", "channel:web"]}, "unknown_comparison"),
            ({"compare": "mood:good"}, "unknown_comparison"),
            ({"compare": "survey:one"}, "unknown_comparison"),
        ],
    )
    async def test_are_nobody_who_is_asked_about(
        self, metrics: Harness, account: UUID, params: dict[str, Any], code: str
    ) -> None:
        response = await metrics.client(account=account).get("/v1/metrics/nps", params=MARCH | params)
        assert response.status_code == 422
        error = response.json()["errors"][0]
        assert (error["pointer"], error["code"]) == ("query:compare", code)

    async def test_says_whom_not_to_ask_about(self, metrics: Harness, account: UUID) -> None:
        asked = MARCH | {"compare": "channel:email"}
        response = await metrics.client(account=account).get("/v1/metrics/nps", params=asked)
        assert "`filter[channel]=...`, of which none is `email`" in response.json()["errors"][0]["detail"]

    async def test_of_a_kind_that_the_metric_does_not_know_are_refused(self, metrics: Harness, account: UUID) -> None:
        asked = {"filter[priority]": "high", "compare": "priority:low"}
        response = await metrics.client(account=account).get("/v1/metrics/nps", params=asked)
        assert response.json()["errors"][0]["code"] == "unknown_dimension"


class TestGroups:
    async def test_are_compared_each_with_itself_also_those_that_are_gone(
        self, metrics: Harness, account: UUID
    ) -> None:
        await tell(metrics, account, *nps(3, 0, 0, channel="email"))
        await tell(metrics, account, *nps(1, 0, 1, channel="email", occurred_at=FEBRUARY))
        await tell(metrics, account, *nps(1, 0, 0, channel="web", occurred_at=FEBRUARY))
        client = metrics.client(account=account)
        answer = await ask(client, "nps", **MARCH, by="channel", compare="previous")
        found = {
            point["group"]: (point["value"], point["comparison"]["value"], point["comparison"]["change"])
            for point in answer["series"]
        }
        assert found == {"email": (100.0, 0.0, 100.0), "web": (None, 100.0, None)}
        monthly = await ask(client, "nps", **MARCH, by="channel", interval="month", compare="previous")
        assert [point["comparison"] for point in monthly["series"]] == [None]
        assert monthly["comparison"]["change"] is not None

    async def test_are_judged_together(self, metrics: Harness, account: UUID) -> None:
        """A z of 2.1 is significant alone, and no wonder among twelve."""
        for number in range(12):
            channel, promoters = f"c{number}", 55 if number == 0 else 40
            await tell(metrics, account, *nps(40, 0, 60, channel=channel, occurred_at=FEBRUARY))
            await tell(metrics, account, *nps(promoters, 0, 100 - promoters, channel=channel))
        client = metrics.client(account=account)
        alone = await ask(client, "nps", **MARCH, **{"filter[channel]": "c0", "compare": "previous"})
        together = await ask(client, "nps", **MARCH, by="channel", compare="previous")
        first = together["series"][0]
        assert first["comparison"]["test"] == alone["comparison"]["test"]
        assert alone["comparison"]["significant"]
        assert not first["comparison"]["significant"]

    async def test_of_other_accounts_are_on_neither_side(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *nps(3, 0, 0), *nps(3, 0, 0, occurred_at=FEBRUARY))
        answer = await ask(metrics.client(account=new_id()), "nps", **MARCH, compare="previous")
        assert (answer["n"], answer["comparison"]["n"]) == (0, 0)
