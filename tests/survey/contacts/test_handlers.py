"""The local copy of customers."""

from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.survey.contacts import directory
from shared.contracts.customers import CustomerDeleted, CustomerUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.survey.building import know_customer


def told(survey: Harness, account: UUID, customer_id: UUID, version: int, *, deleted: bool = False) -> bytes:
    """The customer's record as of this version."""
    updated = CustomerUpdated(customer_id=customer_id, profile=profile_of(email=f"v{version}@example.com"))
    payload = CustomerDeleted(customer_id=customer_id) if deleted else updated
    return survey.event(payload, account=account, subject=customer_id, version=version)


async def email_of(survey: Harness, account: UUID, customer_id: UUID) -> str | None:
    async with survey.work(account) as work:
        contact = (await directory.by_id(work, {customer_id})).get(customer_id)
    return contact.email if contact else None


class TestRemember:
    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(order=st.permutations(range(1, 6)), cuts=st.sets(st.integers(1, 4)))
    async def test_the_newest_version_wins_in_whatever_order_and_batches_they_come(
        self, survey: Harness, order: list[int], cuts: set[int]
    ) -> None:
        account, customer_id = new_id(), new_id()
        batch: list[bytes] = []
        for place, version in enumerate(order):
            if place in cuts:
                await survey.deliver_raw(batch)
                batch = []
            batch.append(told(survey, account, customer_id, version))
        await survey.deliver_raw(batch)
        assert await email_of(survey, account, customer_id) == "v5@example.com"

    async def test_a_late_update_does_not_bring_back_a_deleted_customer(self, survey: Harness, account: UUID) -> None:
        customer_id = new_id()
        await survey.deliver_raw([told(survey, account, customer_id, 1)])
        await survey.deliver_raw([told(survey, account, customer_id, 3, deleted=True)])
        await survey.deliver_raw([told(survey, account, customer_id, 2)])
        assert await email_of(survey, account, customer_id) is None

    async def test_accounts_do_not_see_each_others_customers(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        assert await email_of(survey, account, ana) == "ana@example.com"
        assert await email_of(survey, new_id(), ana) is None


class TestDirectory:
    async def test_a_shared_address_means_the_customer_who_was_there_first(
        self, survey: Harness, account: UUID
    ) -> None:
        first = await know_customer(survey, account, email="family@example.com")
        await know_customer(survey, account, email="family@example.com")
        async with survey.work(account) as work:
            found = await directory.by_identifier(work, "email", {"family@example.com", "other@example.com"})
        assert {email: contact.customer_id for email, contact in found.items()} == {"family@example.com": first}
