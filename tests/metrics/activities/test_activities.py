"""What customers did is kept once, as it was last told, in whatever order that comes."""

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

import pytest
from sqlalchemy import select

from services.metrics.activities.models import ActivityFact
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.subjects import MetricsPartDone
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.activities.builders import activity, corrected, deleted, raw, tell
from tests.metrics.builders import NOON


async def kept(metrics: Harness, account: UUID) -> list[ActivityFact]:
    """Those that are not gone."""
    async with metrics.work(account) as work:
        mine = select(ActivityFact).where(ActivityFact.account_id == account, ActivityFact.gone.is_(False))
        return list(await work.session.scalars(mine))


class TestAnActivity:
    @pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
    async def test_is_what_its_highest_version_says(
        self, metrics: Harness, account: UUID, order: tuple[int, ...]
    ) -> None:
        first = activity(new_id(), amount="10")
        again = corrected(first, amount=None, occurred_at=NOON - timedelta(days=3))
        told = [raw(metrics, account, first), raw(metrics, account, again, version=2), raw(metrics, account, first)]
        for index in order:
            await metrics.deliver_raw([told[index]])
        (fact,) = await kept(metrics, account)
        assert (fact.version, fact.amount, fact.occurred_at) == (2, None, NOON - timedelta(days=3))

    async def test_is_the_same_told_together(self, metrics: Harness, account: UUID) -> None:
        first = activity(new_id(), amount="10.50")
        others = [activity(new_id()) for _ in range(3)]
        told = [raw(metrics, account, corrected(first, source="till"), version=2), raw(metrics, account, first)]
        await metrics.deliver_raw([*told, *(raw(metrics, account, each) for each in others), told[0]])
        facts = {fact.activity_id: fact for fact in await kept(metrics, account)}
        assert len(facts) == 4
        assert (facts[first.activity_id].source, facts[first.activity_id].amount) == ("till", Decimal("10.50"))

    @pytest.mark.parametrize("late", [False, True])
    async def test_that_is_deleted_is_gone_whatever_comes_late(
        self, metrics: Harness, account: UUID, late: bool
    ) -> None:
        first = activity(new_id(), amount="10")
        told = [raw(metrics, account, first), raw(metrics, account, deleted(first), version=2)]
        await metrics.deliver_raw(list(reversed(told)) if late else told)
        await tell(metrics, account, [corrected(first)], version=3)
        assert await kept(metrics, account) == []
        async with metrics.work(account) as work:
            (left,) = await work.session.scalars(select(ActivityFact).where(ActivityFact.account_id == account))
            assert (left.customer_id, left.amount, left.occurred_at, left.source) == (None, None, None, None)


class TestItsCustomer:
    async def test_is_who_it_is_today(self, metrics: Harness, account: UUID) -> None:
        ana, anna = new_id(), new_id()
        await tell(metrics, account, [activity(anna)])
        merged = CustomerMerged(customer_id=ana, merged_customer_id=anna, merged_version=2, automatic=False)
        await metrics.deliver(merged, account=account, subject=ana)
        await tell(metrics, account, [activity(ana, origin_customer_id=anna), activity(ana)])
        assert [fact.customer_id for fact in await kept(metrics, account)] == [ana] * 3
        restored = CustomerUnmerged(customer_id=ana, restored_customer_id=anna, restored_version=3)
        await metrics.deliver(restored, account=account, subject=ana)
        assert sorted(fact.customer_id == ana for fact in await kept(metrics, account)) == [False, False, True]

    @pytest.mark.parametrize(("mode", "left"), [("delete", 1), ("pseudonymise", 3)])
    async def test_may_have_it_erased(
        self, metrics: Harness, account: UUID, mode: Literal["delete", "pseudonymise"], left: int
    ) -> None:
        ana = new_id()
        hers = [activity(ana, amount="5"), activity(ana, amount="7")]
        await tell(metrics, account, [*hers, activity(new_id())])
        request = SubjectRequestOpened(
            request_id=new_id(),
            kind="erase",
            mode=mode,
            stage="act",
            services=("metrics",),
            attempt=1,
            customer_id=ana,
            customer_ids=(ana,),
            customer_version=1,
            requested_at=metrics.clock.now(),
            export_expires_at=None,
        )
        await metrics.deliver(request, account=account, subject=request.request_id)
        (event,) = await metrics.emitted(account, MetricsPartDone)
        assert isinstance(event.data, MetricsPartDone)
        treatment = "deleted" if mode == "delete" else "pseudonymised"
        assert {(one.kind, one.treatment): one.count for one in event.data.part.records} == {
            ("activities", treatment): 2
        }
        # What comes late of it brings nothing back.
        await tell(metrics, account, hers)
        facts = await kept(metrics, account)
        assert len(facts) == left
        assert ana not in {fact.customer_id for fact in facts}
