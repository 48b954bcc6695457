"""Facts come in any order, more than once and late; the rollups always say what the facts say."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from services.metrics.facts.models import Fact
from services.metrics.facts.service import record
from services.metrics.rollups.counting import differences
from services.metrics.rollups.models import EXCLUSIONS, KEY, SCORES, rollups
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.feedback import FeedbackErased, FeedbackReceived
from shared.contracts.ratings import QuestionRating
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, analytics, feedback, heard, index, rating, record_of, updated

SURVEYS = [new_id(), new_id()]

ratings = st.one_of(
    st.none(),
    st.builds(rating, st.just("nps"), st.integers(0, 12)),
    st.builds(rating, st.just("csat"), st.integers(1, 5)),
    st.builds(rating, st.just("ces"), st.integers(1, 7), is_turned=st.booleans()),
)
facts = st.builds(
    lambda **fields: feedback(feedback_id=new_id(), **fields),
    rating=ratings,
    channel=st.sampled_from(["email", "link"]),
    touchpoint=st.sampled_from([None, "delivery", "support"]),
    journey_stage=st.sampled_from([None, "use"]),
    language=st.sampled_from([None, "de"]),
    dimensions=st.sampled_from([{}, {"variant": "a"}, {"variant": "b", "wave": "2"}]),
    survey_id=st.sampled_from([None, *SURVEYS]),
    completed=st.booleans(),
    occurred_at=st.timedeltas(timedelta(days=-40), timedelta(days=1)).map(lambda ago: NOON + ago),
)


# What happens, to which feedback or customer (0..3), which other customer or score, and whether yes or no.
happenings = st.tuples(
    st.sampled_from(["said", "changed", "changed", "erased", "restricted", "consent", "merged", "unmerged"]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.booleans(),
)


def happening(
    metrics: Harness, account: UUID, ids: dict[int, UUID], number: int, what: str, first: int, second: int, flag: bool
) -> bytes:
    """The event; `number` grows, so that versions do. Feedback has the ids 0..3, customers 4..7."""
    ana, bo, version = ids[4 + first], ids[4 + second], number + 2
    ratings = (
        QuestionRating(question="a", rating=rating("nps", second)),
        QuestionRating(question="b", rating=rating("nps", second + 4)),
        index("c", f"{second}7.25"),
    )
    said = feedback(feedback_id=ids[first], customer_id=bo, ratings=ratings if flag else (), completed=second != 2)
    nobody: dict[str, Any] = dict.fromkeys(("response_id", "survey_id", "customer_id"))
    payload: Payload
    match what:
        case "said":
            payload, version = said, 1
        case "changed":
            payload = updated(said, channel="sms" if flag else "email", dimensions={"variant": f"{second}"})
        case "erased":
            payload = FeedbackErased(feedback_id=ids[first], reason="respondent", erased_at=NOON, **nobody)
        case "restricted":
            payload = record_of(ana, restricted=flag)
        case "consent":
            payload = analytics(ana, granted=flag, at=NOON + timedelta(hours=second))
        case "merged":
            payload = CustomerMerged(customer_id=bo, merged_customer_id=ana, merged_version=version, automatic=False)
        case _:
            payload = CustomerUnmerged(customer_id=bo, restored_customer_id=ana, restored_version=version)
    return metrics.event(payload, account=account, version=version)


async def cells(metrics: Harness, account: UUID) -> list[tuple[Any, ...]]:
    """All the account's cells, without the account."""
    columns = [rollups.c[name] for name in (*KEY, *SCORES, *EXCLUSIONS) if name not in ("account_id", "generation")]
    async with metrics.work(account) as work:
        return [tuple(row) for row in await work.session.execute(select(*columns).order_by(*columns))]


async def counted(metrics: Harness, account: UUID) -> int:
    total = sum((func.sum(rollups.c[name]) for name in (*SCORES, *EXCLUSIONS)), func.sum(0))
    async with metrics.work(account) as work:
        return int(await work.session.scalar(select(total)) or 0)


async def wrong_cells(metrics: Harness, account: UUID) -> int:
    async with metrics.work(account) as work:
        return await differences(work)


class TestUpkeep:
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(data=st.data(), said=st.lists(facts, max_size=25))
    async def test_equals_a_recount_after_batches_in_any_order_with_repeats(
        self, metrics: Harness, data: st.DataObject, said: list[FeedbackReceived]
    ) -> None:
        account = new_id()
        arriving = data.draw(st.permutations(said + said))
        while arriving:
            size = data.draw(st.integers(1, len(arriving)))
            async with metrics.work(account) as work:
                await record(work, heard(arriving[:size]))
            arriving = arriving[size:]
        assert await wrong_cells(metrics, account) == 0
        assert await counted(metrics, account) == len(said)

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(story=st.lists(happenings, max_size=30))
    async def test_equals_a_recount_whatever_happens_to_facts_and_their_customers(
        self, metrics: Harness, story: list[tuple[str, int, int, bool]]
    ) -> None:
        account, ids = new_id(), {number: new_id() for number in range(8)}
        for number, (what, first, second, flag) in enumerate(story):
            await metrics.deliver_raw([happening(metrics, account, ids, number, what, first, second, flag)])
        assert await wrong_cells(metrics, account) == 0
        assert all(sum(cell[-len((*SCORES, *EXCLUSIONS)) :]) > 0 for cell in await cells(metrics, account))

    async def test_of_everything_three_times_in_any_order_is_that_of_once(
        self, metrics: Harness, account: UUID
    ) -> None:
        dice, other = random.Random(3), new_id()
        said = [feedback(rating=rating("nps", dice.randint(0, 10)), channel=dice.choice("ab")) for _ in range(40)]
        await metrics.deliver_raw([metrics.event(item, account=account) for item in said])
        bodies = [metrics.event(item, account=other) for item in said] * 3
        dice.shuffle(bodies)
        for start in range(0, len(bodies), 17):
            await metrics.deliver_raw(bodies[start : start + 17])
        assert await cells(metrics, account) == await cells(metrics, other) != []

    async def test_counts_feedback_once_even_if_it_is_told_by_two_events(self, metrics: Harness, account: UUID) -> None:
        said = feedback()
        for _ in range(2):
            await metrics.deliver(said, account=account)
        assert await counted(metrics, account) == 1

    async def test_counts_late_feedback_in_the_period_in_which_it_was_said(
        self, metrics: Harness, account: UUID
    ) -> None:
        await metrics.deliver(feedback(occurred_at=NOON - timedelta(days=30)), account=account)
        [cell] = await cells(metrics, account)
        assert str(cell[1]) == "2026-01-30"

    async def test_of_batches_at_the_same_time_loses_and_doubles_nothing(self, metrics: Harness, account: UUID) -> None:
        dice = random.Random(5)
        said = [
            feedback(
                rating=rating("nps", dice.randint(0, 10)), channel=dice.choice("abc"), touchpoint=dice.choice("xy")
            )
            for _ in range(120)
        ]

        async def write(batch: Sequence[FeedbackReceived]) -> None:
            async with metrics.work(account) as work:
                await record(work, heard(list(batch)))

        # Every answer is in two batches, in opposite orders.
        await asyncio.gather(
            *(write(said[start : start + 30]) for start in range(0, 120, 30)),
            *(write(said[start : start + 40][::-1]) for start in range(0, 120, 40)),
        )
        assert await counted(metrics, account) == 120
        assert await wrong_cells(metrics, account) == 0

    async def test_keeps_accounts_apart(self, metrics: Harness, account: UUID) -> None:
        other = new_id()
        await metrics.deliver(feedback(), account=account)
        assert await cells(metrics, other) == []
        async with metrics.work(other) as work:
            assert (await work.session.scalars(select(Fact))).all() == []
