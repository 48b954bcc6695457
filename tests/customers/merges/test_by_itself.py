"""Records that are joined without anybody's doing, and those that must not be."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.customers import (
    CustomerMerged,
)
from shared.testing.harness import Harness
from tests.customers.merges.people import add, read, sight

PHONE, OTHER_PHONE = "+351912345678", "+351912345679"


class TestMergingByItself:
    async def test_happens_if_two_strong_identities_are_named_together(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1"), await add(client, phone=PHONE)
        assert await add(client, external_id="1", phone=PHONE) == ana
        assert (await read(client, other))["id"] == ana
        [event] = await customers.emitted(account, CustomerMerged)
        assert isinstance(event.data, CustomerMerged)
        assert event.data.automatic
        [made] = (await client.get(f"/v1/customers/{ana}/merges")).json()["data"]
        assert made["reason"] == "named together: external_id, phone"

    async def test_by_email_needs_it_to_be_verified(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, external_id="1"), await add(client, email="ana@example.com")
        both = {"external_id": "1", "email": "ana@example.com"}
        response = await client.post("/v1/customers", json=both)
        assert (response.status_code, response.json()["code"]) == (409, "identity_conflict")
        assert (await read(client, other))["id"] == other
        assert await add(client, **both, email_verified=True) == ana
        assert (await read(client, other))["id"] == ana

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"external_id": "1"}, {"phone": PHONE, "external_id": "2"}),
            ({"external_id": "1", "phone": OTHER_PHONE}, {"phone": PHONE}),
            (
                {"external_id": "1", "email": "a@example.com", "email_verified": True},
                {"phone": PHONE, "email": "b@example.com", "email_verified": True},
            ),
        ],
    )
    async def test_never_joins_records_with_conflicting_strong_identities(
        self, customers: Harness, account: UUID, one: dict[str, Any], other: dict[str, Any]
    ) -> None:
        """Complaint 36: different people merged because of something they share."""
        client = customers.client(account=account)
        first, second = await add(client, **one), await add(client, **other)
        response = await client.post("/v1/customers", json={"external_id": "1", "phone": PHONE})
        assert response.status_code == 409
        assert await customers.emitted(account, CustomerMerged) == []
        assert (await read(client, first))["id"] != (await read(client, second))["id"]

    async def test_never_happens_because_of_what_an_answer_says(self, customers: Harness, account: UUID) -> None:
        """Anybody may write anybody's number into an open form."""
        client = customers.client(account=account)
        await add(client, external_id="1")
        await add(client, phone=PHONE)
        await sight(customers, account, external_id="1", phone=PHONE)
        assert await customers.emitted(account, CustomerMerged) == []

    async def test_works_in_bulk_for_those_who_are_new_in_the_same_call(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        items = [{"external_id": "1"}, {"phone": PHONE, "name": "Ana"}, {"external_id": "1", "phone": PHONE}]
        answer = (await client.post("/v1/customers/bulk", json={"customers": items})).json()
        assert (answer["created"], answer["updated"], answer["failed"]) == (2, 1, 0)
        [only] = (await client.get("/v1/customers")).json()["data"]
        assert (only["external_id"], only["phone"], only["name"]) == ("1", PHONE, "Ana")
