"""Questions about scores, asked over HTTP."""

import random
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import httpx
import pytest

from shared.contracts.feedback import FeedbackReceived
from shared.contracts.metrics import MetricName
from shared.contracts.survey import SurveyPublished
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, analytics, feedback, rating, record_of

MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


async def tell(metrics: Harness, account: UUID, said: list[FeedbackReceived]) -> None:
    await metrics.deliver_raw([metrics.event(item, account=account) for item in said])


def answers(*scores: int, **fields: Any) -> list[FeedbackReceived]:
    return [feedback(rating=rating("nps", score), **fields) for score in scores]


async def ask(client: httpx.AsyncClient, name: str, **params: Any) -> dict[str, Any]:
    response = await client.get(f"/v1/metrics/{name}", params=params)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def rows(client: httpx.AsyncClient, name: str, **params: Any) -> list[dict[str, Any]]:
    """All pages of the rows behind a number."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        response = await client.get(f"/v1/metrics/{name}/rows", params=params | cursor)
        assert response.status_code == 200, response.text
        found += response.json()["data"]
        if response.json()["next_cursor"] is None:
            return found
        cursor = {"cursor": response.json()["next_cursor"]}


class TestTheCatalogue:
    async def test_needs_a_credential(self, metrics: Harness) -> None:
        assert (await metrics.anonymous().get("/v1/metrics")).status_code == 401

    async def test_is_the_same_for_every_account(self, metrics: Harness, account: UUID) -> None:
        mine, other = metrics.client(account=account), metrics.client(account=new_id())
        assert (await mine.get("/v1/metrics")).json() == (await other.get("/v1/metrics")).json()

    async def test_tells_formula_unit_and_version_of_each(self, metrics: Harness, account: UUID) -> None:
        listed = (await metrics.client(account=account).get("/v1/metrics")).json()["data"]
        assert {metric["name"] for metric in listed} == set(get_args(MetricName))
        assert all(metric["formula"] and metric["unit"] and metric["version"] for metric in listed)


class TestAsking:
    async def test_needs_a_credential(self, metrics: Harness) -> None:
        assert (await metrics.anonymous().get("/v1/metrics/nps")).status_code == 401

    async def test_about_another_accounts_answers_finds_none(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, answers(9, 9))
        answer = await ask(metrics.client(account=new_id()), "nps", **MARCH, by="channel", interval="day")
        assert (answer["value"], answer["n"], answer["series"], answer["watermark"]) == (None, 0, [], None)

    async def test_needs_the_scope(self, metrics: Harness, account: UUID) -> None:
        assert (await metrics.client("tickets:read", account=account).get("/v1/metrics/nps")).status_code == 403

    async def test_for_a_metric_that_is_none_finds_nothing(self, metrics: Harness, account: UUID) -> None:
        response = await metrics.client(account=account).get("/v1/metrics/happiness")
        assert response.status_code == 404
        assert response.json()["code"] == "unknown_metric"

    async def test_gives_the_value_with_all_that_belongs_to_it(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, answers(10, 10, 10, 10, 9, 9, 9, 8, 7, 3))
        answer = await ask(metrics.client(account=account), "nps", **MARCH)
        assert answer == {
            "metric": "nps",
            "value": 60.0,
            "n": 10,
            "interval": {"low": 7.04, "high": 85.27, "level": 0.95},
            "scale": {"minimum": -100, "maximum": 100},
            "bands": {"negative": 1, "neutral": 2, "positive": 7},
            "distribution": [{"minimum": 0, "maximum": 10, "counts": [0, 0, 0, 1, 0, 0, 0, 1, 1, 3, 4]}],
            "excluded": {"incomplete": 0, "no_rating": 0, "outside_scale": 0, "restricted": 0, "no_consent": 0},
            "insufficient": True,
            "unit": "points from -100 to 100",
            "formula_version": 1,
            "time_zone": "UTC",
            "from": "2026-03-01",
            "to": "2026-04-01",
            "by": None,
            "dimension": None,
            "dimensions": [],
            "period": "total",
            "watermark": "2026-03-01T12:00:00Z",
            "assumptions": [],
            "money": None,
            "durations": None,
            "comparison": None,
            "withheld": None,
            "rows": "/v1/metrics/nps/rows?from=2026-03-01&to=2026-04-01",
            "series": [],
        }

    async def test_without_answers_gives_null_and_never_0(self, metrics: Harness, account: UUID) -> None:
        for name in ("nps", "csat", "csat_mean", "ces", "ces_pct"):
            answer = await ask(metrics.client(account=account), name)
            assert (answer["value"], answer["n"], answer["interval"], answer["scale"]) == (None, 0, None, None)

    async def test_keeps_the_schemes_apart(self, metrics: Harness, account: UUID) -> None:
        said = [
            feedback(rating=rating("nps", 3)),
            feedback(rating=rating("csat", 5)),
            feedback(rating=rating("ces", 1, is_turned=True)),
        ]
        await tell(metrics, account, said)
        client = metrics.client(account=account)
        values = {name: (await ask(client, name, **MARCH))["value"] for name in ("nps", "csat", "ces", "ces_pct")}
        assert values == {"nps": -100.0, "csat": 100.0, "ces": 7.0, "ces_pct": 100.0}

    async def test_turns_scales_round_on_which_less_is_better(self, metrics: Harness, account: UUID) -> None:
        said = [feedback(rating=rating("ces", value, is_turned=True)) for value in (1, 2, 7)]
        await tell(metrics, account, said)
        client = metrics.client(account=account)
        assert (await ask(client, "ces", **MARCH))["value"] == 4.67
        assert (await ask(client, "ces_pct", **MARCH))["value"] == 66.67

    async def test_is_by_when_it_was_said_with_the_last_day_left_out(self, metrics: Harness, account: UUID) -> None:
        midnight = NOON.replace(hour=0)
        for at in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(days=1)):
            await tell(metrics, account, answers(9, occurred_at=at))
        client = metrics.client(account=account)
        assert (await ask(client, "nps", **{"from": "2026-03-01", "to": "2026-03-02"}))["n"] == 1
        assert (await ask(client, "nps", **{"from": "2026-02-28T00:00:00Z", "to": "2026-03-03"}))["n"] == 3

    async def test_without_a_window_is_about_the_last_90_days(self, metrics: Harness, account: UUID) -> None:
        today = metrics.clock.now()
        for days in (0, 89, 90):
            await tell(metrics, account, answers(9, occurred_at=today - timedelta(days=days)))
        answer = await ask(metrics.client(account=account), "nps")
        assert (answer["n"], answer["to"]) == (2, str((today + timedelta(days=1)).date()))

    @pytest.mark.parametrize(
        ("params", "pointer"),
        [
            ({"from": "yesterday"}, "query:from"),
            ({"from": "2026-03-01T10:00:00Z"}, "query:from"),
            ({"from": "2026-03-01T00:00:00+02:00"}, "query:from"),
            ({"from": "2026-03-01T00:00:00"}, "query:from"),
            ({"from": "0001-01-01"}, "query:from"),
            ({"from": "9999-12-31T23:00:00-05:00"}, "query:from"),
            ({"from": "2026-03-02", "to": "2026-03-02"}, "query:from"),
            ({"from": "1990-01-01", "interval": "day"}, "query:interval"),
            ({"by": "mood"}, "query:by"),
            ({"interval": "hour"}, "query:interval"),
            ({"filter[survey]": "x"}, "query:filter[survey]/0"),
        ],
    )
    async def test_for_what_cannot_be_answered_says_why(
        self, metrics: Harness, account: UUID, params: dict[str, str], pointer: str
    ) -> None:
        response = await metrics.client(account=account).get("/v1/metrics/nps", params=params)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer


class TestWhatIsLeftOut:
    async def test_is_counted_apart_by_reason(self, metrics: Harness, account: UUID) -> None:
        survey_id = new_id()
        published = SurveyPublished(survey_id=survey_id, survey_version=1, name="After delivery", kind="nps")
        await metrics.deliver(published, account=account)
        said = [
            *answers(9, 9, 9, 10, 10, 10, 7, 8, 0, 6, survey_id=survey_id),
            *(feedback(rating=None, survey_id=survey_id) for _ in range(10)),
            *answers(1, 2, completed=False),
            *answers(12),
        ]
        await tell(metrics, account, said)
        client = metrics.client(account=account)
        answer = await ask(client, "nps", **MARCH)
        assert (answer["value"], answer["n"]) == (40.0, 10)
        excluded = {"incomplete": 2, "no_rating": 10, "outside_scale": 1, "restricted": 0, "no_consent": 0}
        assert answer["excluded"] == excluded
        assert (await ask(client, "csat", **MARCH))["excluded"] == dict.fromkeys(answer["excluded"], 0)

    async def test_without_a_rating_belongs_to_what_its_survey_asks(self, metrics: Harness, account: UUID) -> None:
        survey_id = new_id()
        await tell(metrics, account, [feedback(rating=None, survey_id=survey_id)])
        client = metrics.client(account=account)
        assert (await ask(client, "csat", **MARCH))["excluded"]["no_rating"] == 0
        # The survey is heard of after its answer.
        published = SurveyPublished(survey_id=survey_id, survey_version=1, name="Satisfied?", kind="csat")
        await metrics.deliver(published, account=account)
        assert (await ask(client, "csat", **MARCH))["excluded"]["no_rating"] == 1


class TestSeries:
    async def test_by_day_and_channel_shows_each_even_where_nothing_was_said(
        self, metrics: Harness, account: UUID
    ) -> None:
        await tell(metrics, account, answers(10, 10))
        await tell(metrics, account, answers(0, channel="link", occurred_at=NOON + timedelta(days=1)))
        params = {"from": "2026-03-01", "to": "2026-03-03", "by": "channel", "interval": "day"}
        answer = await ask(metrics.client(account=account), "nps", **params)
        assert (answer["n"], answer["value"]) == (3, 33.33)
        assert [(s["from"], s["to"], s["group"], s["value"], s["n"]) for s in answer["series"]] == [
            ("2026-03-01", "2026-03-02", "email", 100.0, 2),
            ("2026-03-01", "2026-03-02", "link", None, 0),
            ("2026-03-02", "2026-03-03", "email", None, 0),
            ("2026-03-02", "2026-03-03", "link", -100.0, 1),
        ]

    @pytest.mark.parametrize("interval", ["day", "week", "month", "total"])
    @pytest.mark.parametrize("by", ["channel", "touchpoint", "survey", "journey_stage"])
    async def test_adds_up_to_the_whole_whatever_it_is_cut_by(
        self, metrics: Harness, account: UUID, interval: str, by: str
    ) -> None:
        dice, surveys = random.Random(1), [new_id(), new_id()]
        said = [
            feedback(
                rating=rating("nps", dice.randint(0, 10)),
                channel=dice.choice(["email", "link"]),
                touchpoint=dice.choice([None, "delivery"]),
                survey_id=dice.choice([None, *surveys]),
                journey_stage=dice.choice([None, "use"]),
                completed=dice.random() < 0.8,
                occurred_at=NOON + timedelta(days=dice.randint(-20, 20)),
            )
            for _ in range(60)
        ]
        await tell(metrics, account, said)
        params = {"from": "2026-02-09", "to": "2026-03-22", "by": by, "interval": interval}
        answer = await ask(metrics.client(account=account), "nps", **params)
        assert answer["n"] == sum(item.completed for item in said)
        assert sum(part["n"] for part in answer["series"]) == answer["n"]
        assert sum(part["excluded"]["incomplete"] for part in answer["series"]) == answer["excluded"]["incomplete"] > 0
        column = "survey_id" if by == "survey" else by
        groups = {getattr(item, column) for item in said}
        assert {part["group"] for part in answer["series"]} == {None if g is None else str(g) for g in groups}

    async def test_by_survey_is_labelled_with_its_newest_name(self, metrics: Harness, account: UUID) -> None:
        survey_id = new_id()
        await tell(metrics, account, answers(9, survey_id=survey_id))
        client = metrics.client(account=account)
        params: dict[str, Any] = {**MARCH, "by": "survey"}
        assert (await ask(client, "nps", **params))["series"][0]["label"] is None
        for version, name in ((2, "New name"), (1, "Old name")):
            published = SurveyPublished(survey_id=survey_id, survey_version=version, name=name, kind="nps")
            await metrics.deliver(published, account=account, subject=survey_id, version=version)
        [part] = (await ask(client, "nps", **params))["series"]
        assert (part["group"], part["label"]) == (str(survey_id), "New name")

    async def test_with_more_groups_than_anybody_could_read_is_refused(self, metrics: Harness, account: UUID) -> None:
        said = [feedback(touchpoint=f"t{n}") for n in range(400)]
        await tell(metrics, account, said)
        client = metrics.client(account=account)
        response = await client.get("/v1/metrics/nps", params={**MARCH, "by": "touchpoint", "interval": "day"})
        assert response.status_code == 422
        assert response.json()["errors"][0]["code"] == "too_many_groups"
        assert len((await ask(client, "nps", **{**MARCH, "by": "touchpoint"}))["series"]) == 400


class TestFilters:
    async def test_keep_what_has_one_of_the_values_of_each(self, metrics: Harness, account: UUID) -> None:
        survey_id = new_id()
        await tell(metrics, account, answers(9, 9, channel="email", touchpoint="delivery", survey_id=survey_id))
        await tell(metrics, account, answers(0, channel="link", touchpoint="delivery"))
        await tell(metrics, account, answers(5, 5, 5, channel="widget"))
        client = metrics.client(account=account)
        for params, n in (
            ({"filter[channel]": "email"}, 2),
            ({"filter[channel]": ["email", "link"]}, 3),
            ({"filter[touchpoint]": "delivery"}, 3),
            ({"filter[touchpoint]": "delivery", "filter[channel]": "link"}, 1),
            ({"filter[survey]": str(survey_id)}, 2),
            ({"filter[journey_stage]": "use"}, 0),
        ):
            assert (await ask(client, "nps", **MARCH, **params))["n"] == n
            assert len(await rows(client, "nps", **MARCH, **params)) == n


class TestRows:
    async def test_need_a_credential(self, metrics: Harness) -> None:
        assert (await metrics.anonymous().get("/v1/metrics/nps/rows")).status_code == 401

    async def test_of_another_account_are_not_there(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, answers(9))
        assert await rows(metrics.client(account=new_id()), "nps", **MARCH) == []

    async def test_are_exactly_those_that_were_counted(self, metrics: Harness, account: UUID) -> None:
        dice, survey_id = random.Random(2), new_id()
        published = SurveyPublished(survey_id=survey_id, survey_version=1, name="After delivery", kind="nps")
        await metrics.deliver(published, account=account)
        customers = [new_id() for _ in range(4)]
        await metrics.deliver(record_of(customers[0], restricted=True), account=account, version=2)
        await metrics.deliver(analytics(customers[1], granted=False), account=account)
        said = [
            feedback(
                customer_id=dice.choice(customers),
                rating=dice.choice([None, rating("nps", dice.randint(0, 11))]),
                survey_id=survey_id,
                completed=dice.random() < 0.7,
                occurred_at=NOON + timedelta(hours=dice.randint(-48, 48)),
            )
            for _ in range(80)
        ]
        await tell(metrics, account, said)
        client = metrics.client(account=account)
        window = {"from": "2026-02-28", "to": "2026-03-03"}
        answer = await ask(client, "nps", **window)
        found = await rows(client, "nps", **window)
        counts = [sum(row["points"] == score for row in found) for score in range(11)]
        assert answer["distribution"][0]["counts"] == counts
        for reason, count in answer["excluded"].items():
            left_out = await rows(client, "nps", **window, excluded=reason)
            assert len(left_out) == count > 0
            assert {row["exclusion"] for row in left_out} == {reason}

    @pytest.mark.parametrize("limit", [1, 3, 7, 100])
    async def test_are_walked_newest_first_whatever_the_page_size(
        self, metrics: Harness, account: UUID, limit: int
    ) -> None:
        said = [feedback(occurred_at=NOON + timedelta(hours=n // 3)) for n in range(13)]
        await tell(metrics, account, said)
        found = await rows(metrics.client(account=account), "nps", **MARCH, limit=limit)
        assert {row["feedback_id"] for row in found} == {str(item.feedback_id) for item in said}
        assert len(found) == 13
        assert [row["occurred_at"] for row in found] == sorted((row["occurred_at"] for row in found), reverse=True)


class TestTheWatermark:
    async def test_is_when_the_newest_feedback_was_received(self, metrics: Harness, account: UUID) -> None:
        for hours in (5, 9, 2):
            received = NOON + timedelta(hours=hours)
            await tell(metrics, account, [feedback(received_at=received)])
        answer = await ask(metrics.client(account=account), "nps", **MARCH)
        assert answer["watermark"] == "2026-03-01T21:00:00Z"
