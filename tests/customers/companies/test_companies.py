"""Companies, and the customers that belong to them."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.customers import CustomerUpdated
from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/companies"


async def put(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/v1/customers", json=fields)
    assert response.is_success, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def names(client: httpx.AsyncClient, **params: str) -> list[str]:
    return [item["name"] for item in (await client.get(PATH, params=params)).json()["data"]]


class TestCompanies:
    async def test_need_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(PATH, json={"name": "Sousa"})).status_code == 401
        assert (await customers.anonymous().get(PATH)).status_code == 401

    async def test_stay_in_their_own_account(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        made = (await client.post(PATH, json={"name": "Sousa", "domain": "sousa.example.com"})).json()
        path = f"{PATH}/{made['id']}"
        answers = [await other.get(path), await other.patch(path, json={"name": "x"}), await other.delete(path)]
        assert [answer.status_code for answer in answers] == [404] * 3
        assert await names(other) == []
        assert (await put(other, email="a@sousa.example.com"))["company_id"] is None

    async def test_are_found_by_begin_of_name_and_by_domain(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for name, domain in (("Sousa Lda", "Sousa.example.COM"), ("Sol", None), ("Acme", "acme.example.com")):
            assert (await client.post(PATH, json={"name": name, "domain": domain})).status_code == 201
        assert await names(client) == ["Acme", "Sol", "Sousa Lda"]
        assert await names(client, search="so") == ["Sol", "Sousa Lda"]
        assert await names(client, domain="sousa.example.com") == ["Sousa Lda"]

    @pytest.mark.parametrize(
        "body",
        [
            {"name": " "},
            {"name": "x", "domain": "no dots"},
            {"name": "x", "domain": "a@b.c"},
            {"name": "x", "domain": "Gmail.com"},
        ],
    )
    async def test_that_cannot_be_are_refused(self, customers: Harness, account: UUID, body: dict[str, str]) -> None:
        assert (await customers.client(account=account).post(PATH, json=body)).status_code == 422

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [({"name": "SOUSA  lda"}, "/name"), ({"name": "Other", "domain": "sousa.example.com"}, "/domain")],
    )
    async def test_are_one_for_each_name_and_domain(
        self, customers: Harness, account: UUID, body: dict[str, str], pointer: str
    ) -> None:
        client = customers.client(account=account)
        await client.post(PATH, json={"name": "Sousa Lda", "domain": "sousa.example.com"})
        other = (await client.post(PATH, json={"name": "Acme"})).json()
        for response in (await client.post(PATH, json=body), await client.patch(f"{PATH}/{other['id']}", json=body)):
            assert (response.status_code, response.json()["errors"][0]["pointer"]) == (409, pointer)


class TestCustomersOfACompany:
    async def test_belong_to_one_record_however_it_is_written(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com", company="Sousa Lda")
        ben = await put(client, email="ben@example.com", company="sousa  LDA")
        assert ana["company_id"] == ben["company_id"] is not None
        assert ben["company"] == "Sousa Lda"
        await put(client, email="eve@example.com", company="Acme")
        found = (await client.get("/v1/customers", params={"company_id": ana["company_id"]})).json()["data"]
        assert {item["id"] for item in found} == {ana["id"], ben["id"]}

    async def test_may_be_told_by_their_email(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        made = (await client.post(PATH, json={"name": "Sousa", "domain": "sousa.example.com"})).json()
        ana = await put(client, email="ana@sousa.example.com")
        assert (ana["company"], ana["company_id"]) == ("Sousa", made["id"])
        told = await put(client, email="ben@sousa.example.com", company="Acme")
        assert told["company"] == "Acme"

    async def test_can_leave_it(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await put(client, email="ana@example.com", company="Sousa")
        left = (await client.patch(f"/v1/customers/{ana['id']}", json={"company": None})).json()
        assert (left["company"], left["company_id"]) == (None, None)

    async def test_follow_its_new_name_and_its_end(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.customers.companies.service.PORTION", 2)
        client = customers.client(account=account)
        people = [await put(client, external_id=str(n), company="Sousa") for n in range(5)]
        path = f"{PATH}/{people[0]['company_id']}"
        assert (await client.patch(path, json={"name": "Sousa & Filhos"})).status_code == 200
        await customers.run_timers()
        told = await customers.emitted(account, CustomerUpdated)
        assert {(str(e.subject), e.data.profile.company) for e in told if isinstance(e.data, CustomerUpdated)} == {
            (person["id"], "Sousa & Filhos") for person in people
        }
        assert len(told) == 5
        assert (await client.delete(path)).status_code == 204
        await customers.run_timers()
        left = (await client.get("/v1/customers")).json()["data"]
        assert {(item["company"], item["company_id"]) for item in left} == {(None, None)}

    async def test_are_found_when_it_gets_its_domain(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.customers.companies.service.PORTION", 2)
        client = customers.client(account=account)
        there = [await put(client, email=f"{n}@bücher.example.com") for n in range(5)]
        told = await put(client, email="ben@bücher.example.com", company="Acme")
        elsewhere = await put(client, email="eve@sousa.example.com")
        company = (await client.post(PATH, json={"name": "Bücher", "domain": "bücher.example.com"})).json()
        await customers.run_timers()
        for person in there:
            found = (await client.get(f"/v1/customers/{person['id']}")).json()
            assert (found["company"], found["company_id"]) == ("Bücher", company["id"])
        assert (await client.get(f"/v1/customers/{told['id']}")).json()["company"] == "Acme"
        changed = await client.patch(f"{PATH}/{company['id']}", json={"domain": "sousa.example.com"})
        assert changed.status_code == 200
        await customers.run_timers()
        found = (await client.get(f"/v1/customers/{elsewhere['id']}")).json()
        assert found["company_id"] == company["id"]
