"""Alerts over HTTP: what may be watched, what is told of a change, and that one cause is one alarm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.metrics.facts import service as facts
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.metrics import AlertClosed, AlertRaised
from shared.testing.harness import Harness
from tests.metrics.builders import feedback, heard, rating

# A Monday; the harness's clock stands at noon of a day after it.
MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)
FALLS: dict[str, Any] = {"name": "NPS falls", "metric": "nps", "minimum_effect": 15, "direction": "down"}


def week(number: int, web: int, *, n: int = 60) -> list[FeedbackReceived]:
    """Of n answers by e-mail half are promoters and a third passive, and of n on the web as many are as `web` says."""
    at = MONDAY + timedelta(weeks=number)
    scores = {"email": n // 2, "web": web}
    found = []
    for channel, promoters in scores.items():
        for place in range(n):
            value = 10 if place < promoters else 8 if place < n - n // 6 else 3
            # Weeks are not alike.
            value = 8 if place == number % 3 else value
            found.append(feedback(rating=rating("nps", value), channel=channel, occurred_at=at))
    return found


async def record(metrics: Harness, account: UUID, said: Sequence[FeedbackReceived]) -> None:
    async with metrics.work(account) as work:
        await facts.record(work, heard(list(said)))


async def watched(metrics: Harness, account: UUID, **changes: Any) -> dict[str, Any]:
    answer = await metrics.client(account=account).post("/v1/alerts", json=FALLS | changes)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def read(metrics: Harness, account: UUID, path: str) -> Any:
    answer = await metrics.client(account=account).get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def alarms(metrics: Harness, account: UUID, **query: Any) -> list[dict[str, Any]]:
    answer = await metrics.client(account=account).get("/v1/alerts/alarms", params=query)
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def at_week(metrics: Harness, number: int) -> None:
    """When the week of this number is over, and two hours and more have passed."""
    wanted = MONDAY + timedelta(weeks=number + 1)
    metrics.clock.advance(wanted - metrics.clock.now())


@pytest.fixture
async def business(metrics: Harness, account: UUID) -> Harness:
    """Twelve quiet weeks, and one in which the web has no promoters any more."""
    for number in range(12):
        await record(metrics, account, week(number, 30))
    await record(metrics, account, week(12, 0))
    at_week(metrics, 12)
    return metrics


class TestAChange:
    async def test_is_told_once_with_what_explains_it_and_ends(self, business: Harness, account: UUID) -> None:
        watch = await watched(business, account)
        await business.run_timers()
        (alarm,) = await alarms(business, account, is_open=True)
        assert (alarm["from"], alarm["to"], alarm["direction"]) == ("2026-05-25", "2026-06-01", "down")
        assert alarm["interval"]["low"] <= alarm["change"] <= alarm["interval"]["high"] < 0
        assert alarm["value"] == pytest.approx(alarm["expected"] + alarm["change"], abs=0.01)
        assert alarm["n"] == 120
        (cause,) = alarm["causes"]
        assert (cause["dimension"], cause["group"]) == ("channel", "web")
        assert cause["share"] == pytest.approx(1, abs=0.1)
        rows = await read(business, account, f"{cause['rows']}&limit=100")
        assert len(rows["data"]) == cause["n"] == 60
        assert len((await read(business, account, f"{alarm['rows']}&limit=200"))["data"]) == 120
        assert (await read(business, account, f"/v1/alerts/{watch['id']}"))["state"] == "alarm"
        (told,) = await business.emitted(account, AlertRaised)
        assert isinstance(told.data, AlertRaised)
        assert (told.data.change, told.data.causes[0].group) == (alarm["change"], "web")
        # Lower still a week later: the same cause, told no second time.
        await record(business, account, week(13, 0))
        at_week(business, 13)
        await business.run_timers()
        (same,) = await alarms(business, account)
        assert (same["id"], same["to"], same["closed_at"]) == (alarm["id"], "2026-06-08", None)
        for number in (14, 15):
            await record(business, account, week(number, 30))
            at_week(business, number)
            await business.run_timers()
        (over,) = await alarms(business, account)
        assert over["ending"] == "over"
        assert len(await business.emitted(account, AlertRaised)) == 1
        assert len(await business.emitted(account, AlertClosed)) == 1
        assert (await read(business, account, f"/v1/alerts/{watch['id']}"))["state"] == "watching"

    async def test_is_one_alarm_for_all_that_watch_it(self, business: Harness, account: UUID) -> None:
        await watched(business, account)
        await business.run_timers()
        await watched(business, account, name="Web", filter={"channel": ["web"]})
        by_channel = await watched(business, account, name="Channels", by="channel")
        await business.run_timers()
        assert len(await alarms(business, account)) == 1
        # It goes on to be watched by who is left.
        first = (await alarms(business, account))[0]["watch_id"]
        assert (await business.client(account=account).delete(f"/v1/alerts/{first}")).status_code == 204
        at_week(business, 12)
        await record(business, account, week(13, 0))
        at_week(business, 13)
        await business.run_timers()
        (again,) = await alarms(business, account, is_open=True)
        assert again["filter"] == {"channel": ["web"]}
        lines = (await read(business, account, f"/v1/alerts/{by_channel['id']}/chart"))["lines"]
        assert {line["group"]: line["points"][-1]["alarm"] for line in lines} == {"email": None, "web": "down"}

    async def test_is_not_told_where_the_other_way_is_watched(self, business: Harness, account: UUID) -> None:
        watch = await watched(business, account, direction="up")
        await watched(business, account, name="Mails", filter={"channel": ["email"]})
        await business.run_timers()
        assert await alarms(business, account) == []
        assert (await read(business, account, f"/v1/alerts/{watch['id']}"))["state"] == "watching"

    async def test_of_the_question_withdraws_the_alarm(self, business: Harness, account: UUID) -> None:
        watch = await watched(business, account)
        await business.run_timers()
        client, path = business.client(account=account), f"/v1/alerts/{watch['id']}"
        assert (await client.put(path, json=FALLS | {"name": "Renamed"})).json()["state"] == "alarm"
        assert (await client.put(path, json=FALLS | {"minimum_effect": 90})).json()["state"] == "new"
        assert [alarm["ending"] for alarm in await alarms(business, account)] == ["withdrawn"]


class TestWhatCanBeWatched:
    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"metric": "mood"}, "/metric"),
            ({"metric": "backlog"}, "/metric"),
            ({"metric": "churn"}, "/metric"),
            ({"filter": {"team": ["0198c7a0-0000-7000-8000-000000000001"]}}, "/filter/team"),
            ({"filter": {"survey": ["mine"]}}, "/filter/survey"),
            ({"by": "agent"}, "/by"),
            ({"by": "channel", "every": "day"}, "/by"),
            ({"minimum_effect": 0}, "/minimum_effect"),
        ],
    )
    async def test_is_said(self, metrics: Harness, account: UUID, changes: dict[str, Any], pointer: str) -> None:
        answer = await metrics.client(account=account).post("/v1/alerts", json=FALLS | changes)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]

    async def test_is_learned_first(self, metrics: Harness, account: UUID) -> None:
        watch = await watched(metrics, account, every="day")
        await metrics.run_timers()
        assert (await read(metrics, account, f"/v1/alerts/{watch['id']}"))["state"] == "learning"

    async def test_needs_the_right_to_write(self, metrics: Harness, account: UUID) -> None:
        answer = await metrics.client("metrics:read", account=account).post("/v1/alerts", json=FALLS)
        assert answer.status_code == 403
