"""Who is not computed on: customers whose data may only be kept, and those who do not want it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import NOON, analytics, feedback, record_of

MARCH = {"from": "2026-03-01", "to": "2026-04-01"}


async def counted(metrics: Harness, account: UUID) -> dict[str, int]:
    """How many count, and the reasons why others do not."""
    answer = (await metrics.client(account=account).get("/v1/metrics/nps", params=MARCH)).json()
    return {"n": answer["n"]} | {reason: n for reason, n in answer["excluded"].items() if n}


class TestARestrictedCustomer:
    async def test_is_left_out_with_the_reason_from_then_on_and_before(self, metrics: Harness, account: UUID) -> None:
        ana = new_id()
        await metrics.deliver(feedback(), account=account)
        await metrics.deliver(feedback(customer_id=ana), account=account)
        await metrics.deliver(record_of(ana, restricted=True), account=account, version=2)
        await metrics.deliver(feedback(customer_id=ana), account=account)
        assert await counted(metrics, account) == {"n": 1, "restricted": 2}
        await metrics.deliver(record_of(ana, restricted=False), account=account, version=3)
        assert await counted(metrics, account) == {"n": 3}

    async def test_stays_so_if_older_news_come_late(self, metrics: Harness, account: UUID) -> None:
        ana = new_id()
        await metrics.deliver(record_of(ana, restricted=True), account=account, version=3)
        await metrics.deliver(record_of(ana, restricted=False), account=account, version=2)
        await metrics.deliver(feedback(customer_id=ana), account=account)
        assert await counted(metrics, account) == {"n": 0, "restricted": 1}

    async def test_of_another_account_is_none_of_ours(self, metrics: Harness, account: UUID) -> None:
        ana = new_id()
        await metrics.deliver(record_of(ana, restricted=True), account=new_id(), version=2)
        await metrics.deliver(feedback(customer_id=ana), account=account)
        assert await counted(metrics, account) == {"n": 1}

    async def test_is_not_the_reason_where_an_answer_would_not_count_anyway(
        self, metrics: Harness, account: UUID
    ) -> None:
        ana = new_id()
        await metrics.deliver(feedback(customer_id=ana, completed=False), account=account)
        await metrics.deliver(record_of(ana, restricted=True), account=account, version=2)
        assert await counted(metrics, account) == {"n": 0, "incomplete": 1}


class TestAConsent:
    async def test_that_is_withdrawn_leaves_out_and_given_again_brings_back(
        self, metrics: Harness, account: UUID
    ) -> None:
        ana = new_id()
        await metrics.deliver(feedback(customer_id=ana), account=account)
        await metrics.deliver(analytics(ana, granted=False), account=account)
        assert await counted(metrics, account) == {"n": 0, "no_consent": 1}
        await metrics.deliver(analytics(ana, granted=True, at=NOON + timedelta(days=1)), account=account)
        assert await counted(metrics, account) == {"n": 1}

    async def test_that_was_given_before_the_withdrawal_changes_nothing_though_it_comes_later(
        self, metrics: Harness, account: UUID
    ) -> None:
        ana = new_id()
        await metrics.deliver(feedback(customer_id=ana), account=account)
        await metrics.deliver(analytics(ana, granted=False), account=account)
        await metrics.deliver(analytics(ana, granted=True, at=NOON - timedelta(days=1)), account=account)
        assert await counted(metrics, account) == {"n": 0, "no_consent": 1}

    @pytest.mark.parametrize("changes", [{"purpose": "marketing"}, {"channel": "email"}])
    async def test_for_something_else_is_none_of_ours(
        self, metrics: Harness, account: UUID, changes: dict[str, Any]
    ) -> None:
        ana = new_id()
        await metrics.deliver(feedback(customer_id=ana), account=account)
        await metrics.deliver(analytics(ana, granted=False, **changes), account=account)
        assert await counted(metrics, account) == {"n": 1}

    async def test_goes_with_a_merge_and_comes_back_with_its_end(self, metrics: Harness, account: UUID) -> None:
        ana, a_n_a = new_id(), new_id()
        await metrics.deliver(feedback(customer_id=ana), account=account)
        await metrics.deliver(analytics(a_n_a, granted=False), account=account)
        merged = CustomerMerged(customer_id=ana, merged_customer_id=a_n_a, merged_version=2, automatic=False)
        await metrics.deliver(merged, account=account, subject=ana)
        await metrics.deliver(feedback(customer_id=a_n_a), account=account)
        assert await counted(metrics, account) == {"n": 0, "no_consent": 2}
        restored = CustomerUnmerged(customer_id=ana, restored_customer_id=a_n_a, restored_version=3)
        await metrics.deliver(restored, account=account, subject=ana)
        assert await counted(metrics, account) == {"n": 1, "no_consent": 1}
