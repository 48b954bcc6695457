"""Many customers in one call."""

from typing import Any
from uuid import UUID

from shared.contracts.customers import CustomerCreated, CustomerUpdated
from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/customers/bulk"


class TestManyCustomers:
    async def test_need_a_credential(self, customers: Harness) -> None:
        response = await customers.anonymous().post(PATH, json={"customers": [{"email": "a@example.com"}]})
        assert response.status_code == 401

    async def test_stay_in_their_own_account(self, customers: Harness, account: UUID) -> None:
        body = {"customers": [{"email": f"{n}@example.com"} for n in range(3)]}
        for tenant in (account, new_id()):
            answer = (await customers.client(account=tenant).post(PATH, json=body)).json()
            assert answer["created"] == 3

    async def test_are_answered_one_by_one_and_the_good_ones_kept(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        known = (await client.post("/v1/customers", json={"email": "known@example.com"})).json()
        items: list[Any] = [
            {"email": "new@example.com"},
            {"email": "nonsense"},
            {"email": "known@example.com", "name": "Known"},
            "not even an object",
            {"name": "Nobody"},
        ]
        response = await client.post(PATH, json={"customers": items})
        assert response.status_code == 200
        answer = response.json()
        assert (answer["created"], answer["updated"], answer["failed"]) == (1, 1, 3)
        assert [item["status"] for item in answer["data"]] == ["created", "failed", "updated", "failed", "failed"]
        assert [item["index"] for item in answer["data"]] == [0, 1, 2, 3, 4]
        assert answer["data"][2]["customer_id"] == known["id"]
        assert answer["data"][1]["customer_id"] is None
        assert answer["data"][1]["errors"][0]["pointer"] == "/email"
        listed = (await client.get("/v1/customers")).json()["data"]
        assert {item["email"]: item["name"] for item in listed} == {
            "new@example.com": None,
            "known@example.com": "Known",
        }

    async def test_that_are_the_same_one_become_one_told_once(self, customers: Harness, account: UUID) -> None:
        items = [
            {"email": "ana@example.com", "name": "Ana"},
            {"email": "ANA@example.com", "external_id": "crm-1"},
            {"external_id": "crm-1", "company": "Sousa Lda"},
        ]
        answer = (await customers.client(account=account).post(PATH, json={"customers": items})).json()
        assert [item["status"] for item in answer["data"]] == ["created", "updated", "updated"]
        assert len({item["customer_id"] for item in answer["data"]}) == 1
        [event] = await customers.emitted(account)
        assert isinstance(event.data, CustomerCreated)
        assert (event.data.profile.name, event.data.profile.company) == ("Ana", "Sousa Lda")
        assert (event.data.profile.email, event.data.profile.external_id) == ("ana@example.com", "crm-1")

    async def test_with_a_conflict_leave_nothing_of_the_conflicting_item(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        items = [
            {"email": "ana@example.com", "external_id": "crm-1"},
            {"email": "ana@example.com", "external_id": "crm-2", "phone": "+351912345678", "name": "Eve"},
            {"phone": "+351912345678", "name": "Ben"},
        ]
        answer = (await client.post(PATH, json={"customers": items})).json()
        assert [item["status"] for item in answer["data"]] == ["created", "failed", "created"]
        assert {error["pointer"] for error in answer["data"][1]["errors"]} == {"/email", "/external_id"}
        ben = (await client.get("/v1/customers", params={"phone": "+351912345678"})).json()["data"]
        assert [item["name"] for item in ben] == ["Ben"]

    async def test_can_hand_an_identity_on(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = (await client.post("/v1/customers", json={"external_id": "1", "email": "a@example.com"})).json()
        items = [
            {"external_id": "1", "email": "b@example.com"},
            {"external_id": "2", "email": "a@example.com"},
            {"external_id": "1", "email": "c@example.com"},
            {"external_id": "3", "email": "b@example.com"},
        ]
        answer = (await client.post(PATH, json={"customers": items})).json()
        assert [item["status"] for item in answer["data"]] == ["updated", "created", "updated", "created"]
        owners = {}
        for email in ("a@example.com", "b@example.com", "c@example.com"):
            [found] = (await client.get("/v1/customers", params={"email": email})).json()["data"]
            owners[email] = found["external_id"]
        assert owners == {"a@example.com": "2", "b@example.com": "3", "c@example.com": "1"}
        [event] = await customers.emitted(account, CustomerUpdated)
        assert (str(event.subject), event.aggregate_version) == (ana["id"], 2)

    async def test_may_be_a_thousand_and_no_more(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        items = [
            {"external_id": str(n), "email": f"{n}@example.com", "name": f"Customer {n}", "attributes": {"n": n}}
            for n in range(1000)
        ]
        assert (await client.post(PATH, json={"customers": items})).json()["created"] == 1000
        again = (await client.post(PATH, json={"customers": items})).json()
        assert (again["created"], again["updated"], again["failed"]) == (0, 1000, 0)
        assert len(await customers.emitted(account)) == 1000
        response = await client.post(PATH, json={"customers": [*items, {"email": "one@example.com"}]})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "/customers"
