"""What was said has several scores, changes, and is taken back; the numbers follow."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.feedback import FeedbackErased, FeedbackReceived
from shared.contracts.ratings import QuestionRating
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, feedback, index, rating, updated

MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


async def ask(metrics: Harness, account: UUID, name: str) -> dict[str, Any]:
    response = await metrics.client(account=account).get(f"/v1/metrics/{name}", params=MARCH)
    answer: dict[str, Any] = response.json()
    return answer


def several(**changes: Any) -> FeedbackReceived:
    """An NPS of 9, stars for two things, and an index."""
    ratings = (
        QuestionRating(question="recommend", rating=rating("nps", 9)),
        QuestionRating(question="room", rating=rating("rating", 5)),
        QuestionRating(question="food", rating=rating("rating", 2)),
        index("service", "77.7778"),
    )
    return feedback(ratings=ratings, **changes)


def erased(said: FeedbackReceived) -> FeedbackErased:
    nobody: dict[str, Any] = dict.fromkeys(("response_id", "survey_id", "customer_id"))
    return FeedbackErased(
        feedback_id=said.feedback_id, reason="respondent", erased_at=datetime(2026, 3, 2, tzinfo=UTC), **nobody
    )


class TestSeveralRatingsOfOneResponse:
    async def test_all_count_each_for_its_own_metric(self, metrics: Harness, account: UUID) -> None:
        await metrics.deliver(several(), account=account)
        assert [(await ask(metrics, account, name))["n"] for name in ("nps", "rating", "csi", "csat")] == [1, 2, 1, 0]
        assert (await ask(metrics, account, "rating"))["value"] == 3.5

    async def test_are_told_apart_by_their_question_in_the_rows(self, metrics: Harness, account: UUID) -> None:
        await metrics.deliver(several(), account=account)
        rows = (await metrics.client(account=account).get("/v1/metrics/rating/rows", params=MARCH)).json()["data"]
        assert {(row["question"], row["points"]) for row in rows} == {("room", 5), ("food", 2)}

    async def test_leave_the_leading_question_unrated_if_it_was_skipped(self, metrics: Harness, account: UUID) -> None:
        ratings = (QuestionRating(question="room", rating=rating("rating", 5)),)
        await metrics.deliver(feedback(rating=None, ratings=ratings), account=account)
        assert (await ask(metrics, account, "rating"))["n"] == 1
        assert (await ask(metrics, account, "nps"))["n"] == 0


class TestAnIndex:
    @pytest.mark.parametrize(("exact", "shown"), [("77.7778", 77.78), ("77.4778", 77.48), ("0", 0.0), ("100", 100.0)])
    async def test_of_one_answer_is_its_own(self, metrics: Harness, account: UUID, exact: str, shown: float) -> None:
        await metrics.deliver(feedback(rating=None, ratings=(index("service", exact),)), account=account)
        assert (await ask(metrics, account, "csi"))["value"] == shown

    async def test_of_many_is_their_mean_with_an_interval_around_it(self, metrics: Harness, account: UUID) -> None:
        for exact in ("50.5", "61.25", "99.9999", "70"):
            await metrics.deliver(feedback(rating=None, ratings=(index("service", exact),)), account=account)
        answer = await ask(metrics, account, "csi")
        assert answer["value"] == 70.44
        # Student's t of three degrees of freedom, by hand: 70.4375 - 3.18245 · 21.2605 / 2.
        assert answer["interval"] == {"low": 36.61, "high": 100.0, "level": 0.95}
        assert answer["bands"] == {"negative": 0, "neutral": 2, "positive": 2}


class TestAChange:
    async def test_replaces_what_was_said_with_all_its_ratings(self, metrics: Harness, account: UUID) -> None:
        said = several()
        await metrics.deliver(said, account=account, subject=said.feedback_id)
        now = updated(said, rating=rating("nps", 3), ratings=(QuestionRating(question="x", rating=rating("nps", 3)),))
        await metrics.deliver(now, account=account, subject=said.feedback_id, version=2)
        answer = await ask(metrics, account, "nps")
        assert (answer["value"], answer["n"]) == (-100, 1)
        assert (await ask(metrics, account, "rating"))["n"] == 0

    async def test_that_overtook_what_it_changes_stays(self, metrics: Harness, account: UUID) -> None:
        said = feedback()
        await metrics.deliver(updated(said, rating=rating("nps", 3)), account=account, version=2)
        await metrics.deliver(said, account=account)
        assert (await ask(metrics, account, "nps"))["value"] == -100

    async def test_to_another_day_leaves_no_trace_on_the_first(self, metrics: Harness, account: UUID) -> None:
        said = feedback(channel="sms")
        await metrics.deliver(said, account=account)
        await metrics.deliver(updated(said, channel="email"), account=account, version=2)
        asked = {**MARCH, "by": "channel"}
        answer = (await metrics.client(account=account).get("/v1/metrics/nps", params=asked)).json()
        assert [point["group"] for point in answer["series"]] == ["email"]

    async def test_that_completes_a_partial_answer_makes_it_count(self, metrics: Harness, account: UUID) -> None:
        said = feedback(completed=False)
        await metrics.deliver(said, account=account)
        assert (await ask(metrics, account, "nps"))["excluded"]["incomplete"] == 1
        await metrics.deliver(updated(said, completed=True, reason="completed"), account=account, version=2)
        answer = await ask(metrics, account, "nps")
        assert (answer["n"], answer["excluded"]["incomplete"]) == (1, 0)


class TestAnErasure:
    @pytest.mark.parametrize("comes_first", [True, False])
    async def test_takes_the_feedback_out_whatever_comes_first(
        self, metrics: Harness, account: UUID, comes_first: bool
    ) -> None:
        said, kept = several(), feedback(occurred_at=NOON)
        await metrics.deliver(kept, account=account)
        for payload in [erased(said), said] if comes_first else [said, erased(said)]:
            await metrics.deliver(payload, account=account, subject=said.feedback_id)
        await metrics.deliver(updated(said), account=account, version=7)
        assert [(await ask(metrics, account, name))["n"] for name in ("nps", "rating", "csi")] == [1, 0, 0]

    async def test_in_another_account_takes_nothing(self, metrics: Harness, account: UUID) -> None:
        said = feedback()
        await metrics.deliver(said, account=account)
        await metrics.deliver(erased(said), account=new_id())
        assert (await ask(metrics, account, "nps"))["n"] == 1
