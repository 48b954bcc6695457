"""The consent ledger, row by row."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

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


class TestTheLedger:
    @pytest.mark.parametrize(
        "statement", ["update customers.consents set granted = true", "delete from customers.consents"]
    )
    async def test_cannot_be_rewritten_even_by_the_service(
        self, customers: Harness, account: UUID, statement: str
    ) -> None:
        client, ana = customers.client(account=account), await a_customer(customers, account)
        await client.post(f"/v1/customers/{ana}/consents", json=a_no())
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with customers.work(account) as work:
                await work.session.execute(text(statement))

    async def test_goes_with_its_customer_and_with_nobody_elses(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, ben = await a_customer(customers, account), await a_customer(customers, account, "ben@example.com")
        for customer_id in (ana, ben):
            await client.post(f"/v1/customers/{customer_id}/consents", json=a_no())
        await client.delete(f"/v1/customers/{ana}")
        async with customers.work(account) as work:
            rows = await work.session.execute(text("select customer_id from customers.consents"))
            assert [str(customer_id) for (customer_id,) in rows] == [ben]
