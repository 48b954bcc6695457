"""Answers that name a customer nobody knows yet."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.customers import CustomerCreated, CustomerIdentified, CustomerUpdated, SightingUnresolved
from shared.contracts.survey import CustomerReference, CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness


async def sight(
    customers: Harness, account: UUID, *, verified: bool = True, answerable: bool = False, **named: Any
) -> UUID | None:
    """Who the service says it was."""
    sighting_id = new_id()
    reference = CustomerReference(**named)
    sighted = CustomerSighted(sighting_id=sighting_id, customer=reference, verified=verified, answerable=answerable)
    await customers.deliver(sighted, account=account, subject=sighting_id)
    for event in await customers.emitted(account, CustomerIdentified):
        assert isinstance(event.data, CustomerIdentified)
        if event.data.sighting_id == sighting_id:
            return event.data.customer_id
    return None


async def add(customers: Harness, account: UUID, **fields: Any) -> UUID:
    return UUID((await customers.client(account=account).post("/v1/customers", json=fields)).json()["id"])


async def read(customers: Harness, account: UUID, customer_id: UUID | None) -> dict[str, Any]:
    answer: dict[str, Any] = (await customers.client(account=account).get(f"/v1/customers/{customer_id}")).json()
    return answer


class TestSightings:
    async def test_of_somebody_new_add_a_customer(self, customers: Harness, account: UUID) -> None:
        customer_id = await sight(customers, account, email="Ana@Example.com", name=" Ana ")
        found = await read(customers, account, customer_id)
        assert (found["email"], found["name"]) == ("ana@example.com", "Ana")
        kinds = [type(event.data) for event in await customers.emitted(account)]
        assert set(kinds) == {CustomerCreated, CustomerIdentified}

    async def test_of_somebody_known_name_that_customer(self, customers: Harness, account: UUID) -> None:
        ana = await add(customers, account, email="ana@example.com", name="Ana Sousa")
        assert await sight(customers, account, email="ana@example.com", name="A.") == ana
        assert (await read(customers, account, ana))["name"] == "Ana Sousa"
        assert await customers.emitted(account, CustomerUpdated) == []

    async def test_in_one_account_are_nobody_in_the_other(self, customers: Harness, account: UUID) -> None:
        ana = await add(customers, new_id(), email="ana@example.com")
        assert await sight(customers, account, email="ana@example.com") not in (None, ana)

    async def test_add_what_was_not_known(self, customers: Harness, account: UUID) -> None:
        ana = await add(customers, account, email="ana@example.com")
        found = await sight(customers, account, email="ana@example.com", external_id="crm-1", name="Ana")
        assert found == ana
        record = await read(customers, account, ana)
        assert (record["external_id"], record["name"], record["version"]) == ("crm-1", "Ana", 2)

    async def test_never_replace_what_is_known(self, customers: Harness, account: UUID) -> None:
        ana = await add(customers, account, external_id="crm-1", email="ana@example.com")
        assert await sight(customers, account, external_id="crm-1", email="other@example.com") == ana
        assert (await read(customers, account, ana))["email"] == "ana@example.com"

    async def test_go_by_the_strongest_identity_and_leave_the_others_to_their_owner(
        self, customers: Harness, account: UUID
    ) -> None:
        ana = await add(customers, account, external_id="crm-1", email="ana@example.com")
        somebody = await sight(customers, account, external_id="crm-2", email="ana@example.com")
        assert somebody not in (None, ana)
        record = await read(customers, account, somebody)
        assert (record["external_id"], record["email"]) == ("crm-2", None)

    async def test_by_id_name_the_customer_with_it(self, customers: Harness, account: UUID) -> None:
        ana = await add(customers, account, email="ana@example.com")
        assert await sight(customers, account, id=ana) == ana

    @pytest.mark.parametrize("named", [{"id": new_id()}, {"email": "nonsense"}, {"name": "Ana"}])
    async def test_that_lead_nowhere_are_answered_all_the_same(
        self, customers: Harness, account: UUID, named: dict[str, Any]
    ) -> None:
        assert await sight(customers, account, **named) is None
        [event] = await customers.emitted(account)
        assert isinstance(event.data, SightingUnresolved)
        assert event.data.reason

    async def test_that_nobody_vouches_for_make_nobody_known(self, customers: Harness, account: UUID) -> None:
        assert await sight(customers, account, verified=False, email="ana@example.com") is None

    async def test_of_who_asks_to_be_answered_make_one_address_known(self, customers: Harness, account: UUID) -> None:
        asked = {"email": "ana@example.com", "phone": "+351912345678", "name": "Ana"}
        customer_id = await sight(customers, account, verified=False, answerable=True, **asked)
        record = await read(customers, account, customer_id)
        assert (record["email"], record["phone"], record["name"]) == ("ana@example.com", None, "Ana")

    async def test_of_who_asks_to_be_answered_change_nobody(self, customers: Harness, account: UUID) -> None:
        ana = await add(customers, account, email="ana@example.com")
        asked = {"email": "ana@example.com", "phone": "+351912345678", "name": "Eve"}
        assert await sight(customers, account, verified=False, answerable=True, **asked) == ana
        record = await read(customers, account, ana)
        assert (record["phone"], record["name"], record["version"]) == (None, None, 1)

    async def test_of_the_same_person_many_times_at_once_add_one_customer(
        self, customers: Harness, account: UUID
    ) -> None:
        bodies = []
        for _ in range(5):
            sighting_id = new_id()
            sighted = CustomerSighted(sighting_id=sighting_id, customer=CustomerReference(email="ana@example.com"))
            bodies.append(customers.event(sighted, account=account, subject=sighting_id))
        await customers.deliver_raw(bodies + bodies)
        assert len(await customers.emitted(account, CustomerCreated)) == 1
        assert len(await customers.emitted(account, CustomerIdentified)) == 5
        assert len((await customers.client(account=account).get("/v1/customers")).json()["data"]) == 1
