"""Scores of few, for those who may not read single answers.

Seen to fail: the group that the total gives away, the filter that the wider question gives away, rows for everybody,
a change that tells a value which is kept back.
"""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.feedback import FeedbackReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, feedback, rating
from tests.metrics.comparisons.test_comparisons import DAY, MARCH, ask, tell
from tests.metrics.improvements.test_effect import ship

NOTHING: dict[str, Any] = {
    "value": None,
    "interval": None,
    "bands": None,
    "distribution": [],
    "scale": None,
    "durations": None,
}


def said(channel: str, n: int, score: int = 9, **fields: Any) -> list[FeedbackReceived]:
    return [feedback(rating=rating("nps", score), channel=channel, **fields) for _ in range(n)]


def seeing(metrics: Harness, account: UUID) -> httpx.AsyncClient:
    return metrics.client("metrics:read", "feedback:read", account=account)


def blind(metrics: Harness, account: UUID) -> httpx.AsyncClient:
    """Someone who may know the numbers, but not the answers."""
    return metrics.client("metrics:read", "metrics:write", account=account)


class TestScoresOfFew:
    async def test_are_kept_back_from_those_alone_who_may_not_read_answers(
        self, metrics: Harness, account: UUID
    ) -> None:
        await tell(metrics, account, *said("email", 4))
        shown = await ask(seeing(metrics, account), "nps", **MARCH)
        assert (shown["value"], shown["withheld"]) == (100.0, None)
        kept = await ask(blind(metrics, account), "nps", **MARCH)
        assert kept == {**shown, **NOTHING, "withheld": "too_few"}
        await tell(metrics, account, *said("email", 1))
        assert (await ask(blind(metrics, account), "nps", **MARCH))["value"] == 100.0

    async def test_are_not_the_total_less_the_others(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *said("email", 9), *said("web", 8), *said("sms", 2, 0))
        answer = await ask(blind(metrics, account), "nps", **MARCH, by="channel")
        assert answer["value"] is not None
        found = {point["group"]: (point["value"], point["withheld"]) for point in answer["series"]}
        assert found == {"email": (100.0, None), "sms": (None, "too_few"), "web": (None, "differencing")}

    async def test_are_not_all_less_a_filter(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *said("email", 9), *said("web", 8), *said("sms", 2, 0))
        client = blind(metrics, account)
        for channels, withheld in (
            (["email", "web"], "differencing"),
            (["web"], "differencing"),
            (["email"], None),
            (["web", "sms"], None),
            (["sms"], "too_few"),
        ):
            answer = await ask(client, "nps", **MARCH, **{"filter[channel]": channels})
            assert (channels, answer["withheld"]) == (channels, withheld)
            assert (answer["value"] is None) == (withheld is not None)

    async def test_are_not_told_by_a_change(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *said("email", 9), *said("email", 2, 0, occurred_at=NOON - 20 * DAY))
        other = (await ask(blind(metrics, account), "nps", **MARCH, compare="previous"))["comparison"]
        assert (other["n"], other["withheld"]) == (2, "too_few")
        unsaid = ("value", "interval", "change", "change_interval", "test", "significant")
        assert [other[name] for name in unsaid] == [None] * 6

    async def test_are_not_told_by_the_effect_of_an_improvement(self, metrics: Harness, account: UUID) -> None:
        path = await ship(metrics, account)
        await tell(metrics, account, *said("email", 9, occurred_at=NOON + DAY))
        await tell(metrics, account, *said("email", 2, 0, occurred_at=NOON - DAY))
        effect = (await blind(metrics, account).get(path)).json()
        assert (effect["before"]["value"], effect["before"]["withheld"]) == (None, "too_few")
        assert (effect["difference"], effect["after"]["value"]) == (None, 100.0)

    async def test_have_no_rows_for_those_who_may_not_read_answers(self, metrics: Harness, account: UUID) -> None:
        await tell(metrics, account, *said("email", 9))
        refused = await blind(metrics, account).get("/v1/metrics/nps/rows", params=MARCH)
        assert refused.status_code == 403
        assert "feedback:read" in refused.json()["detail"]
        assert (await seeing(metrics, account).get("/v1/metrics/nps/rows", params=MARCH)).status_code == 200
        assert (await blind(metrics, account).get("/v1/metrics/resolution/rows", params=MARCH)).status_code == 200


class TestTheMinimum:
    async def test_is_5_until_somebody_decides(self, metrics: Harness, account: UUID) -> None:
        client = metrics.client(account=account)
        assert (await client.get("/v1/metrics/privacy")).json() == {"minimum": 5}
        answer = await client.put("/v1/metrics/privacy", json={"minimum": 2}, headers={"If-Match": '"0"'})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
        stale = await client.put("/v1/metrics/privacy", json={"minimum": 0}, headers={"If-Match": '"0"'})
        assert stale.status_code == 412
        await tell(metrics, account, *said("email", 2))
        assert (await ask(blind(metrics, account), "nps", **MARCH))["value"] == 100.0
        assert (await metrics.client(account=new_id()).get("/v1/metrics/privacy")).json() == {"minimum": 5}

    async def test_of_0_shows_everything_to_everybody(self, metrics: Harness, account: UUID) -> None:
        await metrics.client(account=account).put("/v1/metrics/privacy", json={"minimum": 0})
        await tell(metrics, account, *said("email", 1))
        client = blind(metrics, account)
        assert (await ask(client, "nps", **MARCH))["value"] == 100.0
        assert (await client.get("/v1/metrics/nps/rows", params=MARCH)).status_code == 200

    async def test_is_not_lowered_by_those_whom_it_binds(self, metrics: Harness, account: UUID) -> None:
        assert (await metrics.anonymous().get("/v1/metrics/privacy")).status_code == 401
        answer = await blind(metrics, account).put("/v1/metrics/privacy", json={"minimum": 0})
        assert answer.status_code == 403

    @pytest.mark.parametrize("minimum", [-1, 51, "many", None])
    async def test_is_from_0_to_50(self, metrics: Harness, account: UUID, minimum: Any) -> None:
        answer = await metrics.client(account=account).put("/v1/metrics/privacy", json={"minimum": minimum})
        assert answer.status_code == 422
