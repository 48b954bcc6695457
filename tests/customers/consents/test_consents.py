"""The consent ledger, row by row."""

from typing import Any
from uuid import UUID

from shared.contracts.consent import ConsentChanged
from shared.ids import new_id
from shared.testing.harness import Harness


async def a_customer(customers: Harness, account: UUID, email: str = "ana@example.com") -> str:
    response = await customers.client(account=account).post("/v1/customers", json={"email": email})
    return str(response.json()["id"])


def a_no(**changes: Any) -> dict[str, Any]:
    return {"purpose": "surveys", "channel": "email", "granted": False, "proof": {"source": "phone"}} | changes


class TestStating:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        response = await customers.anonymous().post(f"/v1/customers/{new_id()}/consents", json=a_no())
        assert response.status_code == 401

    async def test_of_another_account_finds_nobody(self, customers: Harness, account: UUID) -> None:
        path = f"/v1/customers/{await a_customer(customers, account)}/consents"
        assert (await customers.client(account=new_id()).post(path, json=a_no())).status_code == 404
        assert (await customers.client(account=new_id()).get(path)).status_code == 404

    async def test_is_kept_and_told(self, customers: Harness, account: UUID) -> None:
        client, ana = customers.client(account=account), await a_customer(customers, account)
        stated = await client.post(f"/v1/customers/{ana}/consents", json=a_no())
        assert stated.status_code == 201
        assert (await client.get(f"/v1/customers/{ana}/consents")).json()["data"] == [stated.json()]
        [told] = await customers.emitted(account, ConsentChanged)
        assert isinstance(told.data, ConsentChanged)
        assert (str(told.data.consent_id), told.data.granted, told.data.source) == (
            stated.json()["id"], False, "phone",
        )  # fmt: skip
