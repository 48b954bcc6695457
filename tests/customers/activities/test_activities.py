"""What customers did, one at a time."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.activities import ActivityRecorded
from shared.contracts.customers import CustomerCreated
from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/activities"


def purchase(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "customer": {"email": "ana@example.com"},
        "kind": "purchase",
        "amount": {"amount": "49.90", "currency": "EUR"},
        "source": "shop",
        "source_id": "order-1042",
    }
    return values | changes


class TestRecording:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(PATH, json=purchase())).status_code == 401

    async def test_needs_the_right_to_write(self, customers: Harness, account: UUID) -> None:
        client = customers.client("customers:read", account=account)
        assert (await client.post(PATH, json=purchase())).status_code == 403

    async def test_is_of_one_account_only(self, customers: Harness, account: UUID) -> None:
        mine = (await customers.client(account=account).post(PATH, json=purchase())).json()
        theirs = await customers.client(account=new_id()).post(PATH, json=purchase())
        assert theirs.status_code == 201
        assert theirs.json()["customer_id"] != mine["customer_id"]

    async def test_makes_somebody_unknown_a_customer_and_tells_it(self, customers: Harness, account: UUID) -> None:
        response = await customers.client(account=account).post(PATH, json=purchase())
        assert response.status_code == 201
        created, recorded = await customers.emitted(account)
        assert isinstance(created.data, CustomerCreated)
        assert isinstance(recorded.data, ActivityRecorded)
        assert str(recorded.data.customer_id) == response.json()["customer_id"] == str(created.data.customer_id)
        assert recorded.data.amount is not None
        assert str(recorded.data.amount.amount) == "49.90"

    async def test_again_is_a_duplicate_of_the_first(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        first = await client.post(PATH, json=purchase())
        again = await client.post(PATH, json=purchase(amount={"amount": "1", "currency": "EUR"}))
        assert (again.status_code, again.json()) == (200, first.json() | {"duplicate": True})
        assert len(await customers.emitted(account, ActivityRecorded)) == 1

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"amount": {"amount": "-1", "currency": "EUR"}}, "/amount"),
            ({"kind": "custom"}, ""),
            ({"name": "downloaded"}, ""),
            ({"customer": {"name": "Ana"}}, "/customer"),
            ({"customer": {"email": "nobody"}}, "/customer/email"),
            ({"customer": {"id": str(new_id())}}, "/customer/id"),
            ({"occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
            ({"occurred_at": "2026-01-01T00:00:00"}, "/occurred_at"),
            ({"properties": {"a": 2**70}}, "/properties"),
            ({"properties": {"a": "x" * 20_000}}, "/properties"),
            ({"properties": {"a": ["b\x00"]}}, "/properties/a/0"),
        ],
    )
    async def test_names_the_field_that_is_wrong(
        self, customers: Harness, account: UUID, changes: dict[str, Any], pointer: str
    ) -> None:
        response = await customers.client(account=account).post(PATH, json=purchase(**changes))
        assert (response.status_code, [e["pointer"] for e in response.json()["errors"]]) == (422, [pointer])
        assert await customers.emitted(account) == []


class TestReading:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(PATH)).status_code == 401
        assert (await customers.anonymous().get(f"{PATH}/{new_id()}")).status_code == 401

    async def test_of_another_account_finds_nothing(self, customers: Harness, account: UUID) -> None:
        recorded = (await customers.client(account=account).post(PATH, json=purchase())).json()
        other = customers.client(account=new_id())
        assert (await other.get(f"{PATH}/{recorded['id']}")).status_code == 404
        assert (await other.get(PATH)).json()["data"] == []

    async def test_gives_back_what_was_sent(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        sent = purchase(touchpoint="web-shop", properties={"lines": [{"sku": "a"}]}, occurred_at="2020-02-29T12:00:00Z")
        recorded = (await client.post(PATH, json=sent)).json()
        response = await client.get(f"{PATH}/{recorded['id']}")
        assert response.headers["etag"] == '"1"'
        assert response.json() == {
            **{name: sent[name] for name in ("kind", "touchpoint", "properties", "occurred_at", "source", "source_id")},
            "id": recorded["id"],
            "customer_id": recorded["customer_id"],
            "origin_customer_id": recorded["customer_id"],
            "name": None,
            "amount": {"amount": "49.90", "currency": "EUR"},
            "received_at": response.json()["received_at"],
            "version": 1,
        }

    async def test_filters_and_orders_by_when_it_happened(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for day in (3, 1, 2):
            sent = purchase(source_id=f"o-{day}", occurred_at=f"2026-01-0{day}T00:00:00Z")
            await client.post(PATH, json=sent)
        await client.post(PATH, json=purchase(kind="custom", name="downloaded", source_id="d-1"))
        window = {"kind": "purchase", "from": "2026-01-02T00:00:00Z", "to": "2026-01-03T00:00:00Z"}
        assert [a["source_id"] for a in (await client.get(PATH, params=window)).json()["data"]] == ["o-2"]
        every = (await client.get(PATH)).json()["data"]
        assert [a["source_id"] for a in every] == ["d-1", "o-3", "o-2", "o-1"]
        named = await client.get(PATH, params={"name": "downloaded"})
        assert [a["source_id"] for a in named.json()["data"]] == ["d-1"]
