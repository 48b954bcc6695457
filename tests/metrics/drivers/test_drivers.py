"""What drives an outcome, asked over HTTP.

Seen to fail: filters and rows for those who may not read answers.
"""

import random
from typing import Any
from uuid import UUID

import pytest

from services.metrics.drivers import calculation, queries
from services.metrics.drivers.calculating import answer
from services.metrics.drivers.exchange import Given, Table, Weights
from shared.apart import run_apart
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.ratings import QuestionRating, RatingScheme
from shared.http.errors import TooMany
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import analytics, feedback, index, rating, record_of
from tests.metrics.scores.test_metrics import MARCH, tell


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process takes seconds to start; one test has one."""

    async def here(module: str, given: bytes, *, seconds: float, megabytes: int) -> bytes:
        return answer(given)

    monkeypatch.setattr(calculation, "run_apart", here)


def rated(question: str, scheme: RatingScheme, value: int) -> QuestionRating:
    return QuestionRating(question=question, rating=rating(scheme, value))


def responses(n: int, **changes: Any) -> list[FeedbackReceived]:
    """Recommendations that follow the delivery much, and the price not at all; every fourth had no delivery."""
    dice = random.Random(n)
    said = []
    for number in range(n):
        delivery, price = dice.randint(1, 5), dice.randint(1, 7)
        score = max(0, min(10, 2 * delivery + dice.randint(-2, 2)))
        ratings = [rated("recommend", "nps", score), rated("price", "ces", price)]
        ratings += [rated("delivery", "csat", delivery)] if number % 4 else []
        said.append(feedback(rating=ratings[0].rating, ratings=tuple(ratings), **changes))
    return said


async def ask(metrics: Harness, account: UUID, path: str = "", **query: Any) -> dict[str, Any]:
    terms = MARCH | {"outcome": "nps"} | query
    response = await metrics.client(account=account).get(f"/v1/drivers{path}", params=terms)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


class TestDrivers:
    async def test_are_ranked_with_how_sure_each_is(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, responses(120))
        found = await ask(metrics, account)
        first, second = found["drivers"]
        assert (first["driver"], first["rank"], first["n"], first["missing"]) == ("delivery", 1, 90, 30)
        assert (second["driver"], second["rank"], second["significant"]) == ("price", 2, False)
        assert (first["significant"], first["direction"], first["collinear"]) == (True, "positive", False)
        assert first["weight"]["interval"]["low"] < first["weight"]["value"] < first["weight"]["interval"]["high"]
        total = first["weight"]["value"] + second["weight"]["value"]
        assert total == pytest.approx(found["r_squared"]["value"], abs=0.02)
        assert (found["n"], found["complete"], found["basis"], found["samples"]) == (120, 90, "pairs", 1_000)
        assert (found["insufficient"], found["refused"], found["time_zone"]) == (False, None, "UTC")
        (pair,) = found["pairs"]
        assert (pair["drivers"], pair["n"]) == (["delivery", "price"], 90)

    async def test_rising_move_the_outcome_and_the_net_promoter_score(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, responses(120))
        half, whole = [(await ask(metrics, account, rise=rise))["drivers"][0] for rise in (0.5, 1)]
        assert (half["what_if"]["rise"], whole["what_if"]["rise"]) == (0.5, 1)
        assert half["what_if"]["change"]["value"] == pytest.approx(half["slope"]["value"] / 2, abs=0.01)
        assert 10 < half["what_if"]["nps_change"]["interval"]["low"] < half["what_if"]["nps_change"]["value"]
        top = (await ask(metrics, account, rise=50))["drivers"][0]
        assert top["what_if"]["rise"] == pytest.approx(5 - top["mean"], abs=0.01)

    async def test_of_too_few_are_refused_with_the_number(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, responses(49))
        found = await ask(metrics, account)
        assert (found["drivers"], found["r_squared"], found["insufficient"]) == ([], None, True)
        assert (found["n"], found["least"]) == (49, 50)
        assert [(one["driver"], one["n"], one["reason"]) for one in found["left_out"]] == [
            ("price", 49, "few"),
            ("delivery", 36, "few"),
        ]
        nothing = await ask(metrics, account, outcome="question:unknown")
        assert (nothing["n"], nothing["drivers"], nothing["insufficient"]) == (0, [], True)

    async def test_leave_out_what_does_not_count_and_say_why(self, metrics: Harness, account: UUID) -> None:
        ana, ben = new_id(), new_id()
        said = [*responses(60), *responses(3, customer_id=ana), *responses(2, customer_id=ben)]
        said += [*responses(4, completed=False), feedback(rating=rating("nps", 3))]
        await tell(metrics, account, said)
        await metrics.deliver(record_of(ana, restricted=True), account=account, subject=ana, version=2)
        await metrics.deliver(analytics(ben, granted=False), account=account, subject=ben)
        found = await ask(metrics, account)
        assert found["n"] == 60
        reasons = {"incomplete": 4, "restricted": 3, "no_consent": 2, "no_driver": 1}
        assert found["excluded"] == {"no_rating": 0, "outside_scale": 0} | reasons

    async def test_can_be_named_and_are_never_the_outcome(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, responses(80))
        found = await ask(metrics, account, outcome="question:delivery", driver=["recommend"])
        assert [one["driver"] for one in found["drivers"]] == ["recommend"]
        assert (found["drivers"][0]["quadrant"], found["drivers"][0]["what_if"]["nps_change"]) == (None, None)
        client = metrics.client(account=account)
        terms: dict[str, Any] = MARCH | {"outcome": "question:price", "driver": "price"}
        assert (await client.get("/v1/drivers", params=terms)).status_code == 422

    async def test_need_one_outcome_for_each_piece_of_feedback(self, metrics: Harness, account: UUID) -> None:
        twice = (rated("overall", "csat", 4), rated("price", "csat", 3))
        await tell(metrics, account, [feedback(rating=twice[0].rating, ratings=twice)])
        client = metrics.client(account=account)
        refused = await client.get("/v1/drivers", params=MARCH | {"outcome": "csat"})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "ambiguous_outcome")
        assert "overall, price" in refused.json()["detail"]

    async def test_of_an_index_are_on_its_exact_scale(self, metrics: Harness, account: UUID) -> None:
        said = []
        for number in range(60):
            ratings = (index("satisfaction", f"{30 + number}.25"), rated("delivery", "csat", 1 + number // 12))
            said.append(feedback(rating=ratings[0].rating, ratings=ratings))
        await tell(metrics, account, said)
        found = await ask(metrics, account, outcome="csi")
        assert (found["outcome_scale"], found["n"]) == ({"minimum": 0, "maximum": 100}, 60)
        assert 10 < found["drivers"][0]["slope"]["value"] < 14

    async def test_of_very_many_are_those_of_a_sample_that_is_said(
        self, metrics: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "MOST_ROWS", 60)
        await tell(metrics, account, responses(80))
        found, again = await ask(metrics, account), await ask(metrics, account)
        assert (found["n"], found["sampled"], [one["code"] for one in found["warnings"]]) == (60, True, ["sampled"])
        assert found == again

    async def test_can_be_followed_to_their_rows(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, [*responses(8), feedback(rating=rating("nps", 3))])
        found = await ask(metrics, account, **{"filter[channel]": "email"})
        rows = (await metrics.client(account=account).get(found["rows"])).json()["data"]
        assert len(rows) == found["n"] == 8
        assert {tuple(sorted(row["answers"])) for row in rows} == {("price",), ("delivery", "price")}
        assert (await ask(metrics, new_id()))["n"] == 0


class TestRegression:
    async def test_tells_what_it_takes_for_granted(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, responses(120))
        found = await ask(metrics, account, "/regression")
        assert [one["driver"] for one in found["coefficients"]] == [None, "delivery", "price"]
        assert (found["n"], found["complete"]) == (120, 90)
        assert [one["name"] for one in found["checks"]] == [
            *("equal_variance", "normal_residuals"),
            *("influential_rows", "collinearity"),
        ]
        delivery = found["correlations"][0]
        assert delivery["pearson"]["interval"]["low"] > 0.7
        assert delivery["spearman"]["value"] > 0.7
        assert (await ask(metrics, account, "/regression", outcome="question:unknown"))["coefficients"] == []


class TestPrivacy:
    async def test_keeps_single_answers_from_those_who_may_not_read_them(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, responses(120))
        reporter = metrics.client("metrics:read", account=account)
        terms: dict[str, Any] = MARCH | {"outcome": "nps"}
        assert (await reporter.get("/v1/drivers", params=terms)).status_code == 200
        assert (await reporter.get("/v1/drivers", params=terms | {"filter[channel]": "email"})).status_code == 403
        assert (await reporter.get("/v1/drivers/rows", params=terms)).status_code == 403
        seen = (await reporter.get("/v1/drivers/regression", params=terms)).json()
        assert (seen["coefficients"] == [], seen["influential"]) == (False, [])


async def test_the_process_answers_and_only_so_many_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = [float(n % 7) for n in range(60)]
    answers: list[list[float | None]] = [[float(n % 5)] for n in range(60)]
    table = Table(drivers=["a"], outcome=outcome, net=None, answers=answers)
    given = Given(view="weights", table=table).model_dump_json().encode()
    module = "services.metrics.drivers.calculating"
    apart = Weights.model_validate_json(await run_apart(module, given, seconds=100, megabytes=3_072))
    assert apart == Weights.model_validate_json(answer(given))
    monkeypatch.setattr(calculation, "MOST_AT_ONCE", 0)
    with pytest.raises(TooMany):
        await calculation.weights(table)
