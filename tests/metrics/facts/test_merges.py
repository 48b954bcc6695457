"""A merge of customers, as metrics hears of it: the facts say whose they are, and no number changes."""

from collections import Counter
from uuid import UUID

from sqlalchemy import select

from services.metrics.facts.models import Fact
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import feedback


async def owners(metrics: Harness, account: UUID) -> Counter[UUID | None]:
    async with metrics.work(account) as work:
        return Counter(await work.session.scalars(select(Fact.customer_id).where(Fact.account_id == account)))


class TestAMerge:
    async def test_takes_facts_along_and_gives_back_those_that_came_later_too(
        self, metrics: Harness, account: UUID
    ) -> None:
        ana, a_n_a = new_id(), new_id()
        await metrics.deliver(feedback(customer_id=a_n_a), account=account)
        merged = CustomerMerged(customer_id=ana, merged_customer_id=a_n_a, merged_version=2, automatic=False)
        await metrics.deliver(merged, account=account, subject=ana)
        await metrics.deliver(feedback(customer_id=ana, origin_customer_id=a_n_a), account=account)
        await metrics.deliver(feedback(customer_id=ana), account=account)
        assert await owners(metrics, account) == {ana: 3}
        restored = CustomerUnmerged(customer_id=ana, restored_customer_id=a_n_a, restored_version=3)
        await metrics.deliver(restored, account=account, subject=ana)
        assert await owners(metrics, account) == {ana: 1, a_n_a: 2}
