"""The local copy of the customers: the newest version wins, whatever the order."""

from uuid import UUID

from services.notifier.contacts.service import contact_of
from shared.contracts.customers import CustomerCreated, CustomerProfile, CustomerUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer
from tests.profiles import profile_of


def profile(email: str) -> CustomerProfile:
    return profile_of(email=email)


async def address_of(notifier: Harness, account: UUID, customer_id: UUID) -> str | None:
    async with notifier.work(account) as work:
        contact = await contact_of(work, customer_id)
    return contact.email if contact is not None else None


class TestTheNewestVersion:
    async def test_wins_in_the_order_of_events(self, notifier: Harness, account: UUID) -> None:
        ana = await a_customer(notifier, account, email="old@example.com", version=1)
        updated = CustomerUpdated(customer_id=ana, profile=profile("new@example.com"))
        await notifier.deliver(updated, account=account, subject=ana, version=2)
        assert await address_of(notifier, account, ana) == "new@example.com"

    async def test_wins_when_it_comes_first(self, notifier: Harness, account: UUID) -> None:
        ana = new_id()
        updated = CustomerUpdated(customer_id=ana, profile=profile("new@example.com"))
        await notifier.deliver(updated, account=account, subject=ana, version=2)
        await a_customer(notifier, account, customer_id=ana, email="old@example.com", version=1)
        assert await address_of(notifier, account, ana) == "new@example.com"

    async def test_wins_within_one_batch(self, notifier: Harness, account: UUID) -> None:
        ana = new_id()
        bodies = [
            notifier.event(
                CustomerUpdated(customer_id=ana, profile=profile(f"v{version}@example.com")),
                account=account,
                subject=ana,
                version=version,
            )
            for version in (3, 5, 4)
        ]
        created = CustomerCreated(customer_id=new_id(), profile=profile("other@example.com"))
        await notifier.deliver_raw([*bodies, notifier.event(created, account=account, subject=created.customer_id)])
        assert await address_of(notifier, account, ana) == "v5@example.com"


class TestAnotherAccount:
    async def test_does_not_see_the_customer(self, notifier: Harness, account: UUID) -> None:
        ana = await a_customer(notifier, account)
        assert await address_of(notifier, new_id(), ana) is None
