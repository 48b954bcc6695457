"""One action on many customers."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.customers import CustomerDeleted, CustomerUpdated
from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/customers/actions"


async def people(client: httpx.AsyncClient, count: int, **fields: Any) -> list[str]:
    items = [{"external_id": f"{n:03}", **fields} for n in range(count)]
    answer = (await client.post("/v1/customers/bulk", json={"customers": items})).json()
    return [item["customer_id"] for item in answer["data"]]


class TestActions:
    async def test_need_a_credential_and_the_scope(self, customers: Harness, account: UUID) -> None:
        body = {"customer_ids": [str(new_id())], "delete": True}
        assert (await customers.anonymous().post(PATH, json=body)).status_code == 401
        assert (await customers.client("customers:read", account=account).post(PATH, json=body)).status_code == 403

    async def test_reach_nobody_of_another_account(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        ids = await people(client, 2)
        for body in ({"customer_ids": ids, "delete": True}, {"filter": {"all": True}, "delete": True}):
            assert (await other.post(PATH, json=body)).json()["deleted"] == 0
        assert len((await client.get("/v1/customers")).json()["data"]) == 2

    async def test_answer_for_each_and_keep_the_good_ones(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, ben = await people(client, 2)
        await client.patch(f"/v1/customers/{ben}", json={"attributes": {"vip": True}})
        nobody = str(new_id())
        body = {"customer_ids": [ana, nobody, ben, ana], "set": {"attributes": {"vip": True}}}
        answer = (await client.post(PATH, json=body)).json()
        assert [(item["customer_id"], item["status"]) for item in answer["data"]] == [
            (ana, "changed"),
            (nobody, "failed"),
            (ben, "unchanged"),
        ]
        assert (answer["changed"], answer["unchanged"], answer["failed"]) == (1, 1, 1)
        assert answer["data"][1]["errors"][0]["code"] == "not_found"
        assert len(await customers.emitted(account, CustomerUpdated)) == 2

    async def test_check_attributes_as_every_way_in_does(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await client.post("/v1/attributes", json={"name": "orders", "kind": "number"})
        [ana] = await people(client, 1)
        answer = await client.post(PATH, json={"customer_ids": [ana], "set": {"attributes": {"orders": "many"}}})
        [item] = answer.json()["data"]
        assert (item["status"], item["errors"][0]["pointer"]) == ("failed", "/attributes/orders")

    async def test_reach_all_pages_of_a_list(self, customers: Harness, account: UUID) -> None:
        """Complaint 38: a selection ends with the page that is shown."""
        client = customers.client(account=account)
        ids = await people(client, 7, company="Sousa")
        others = [(await client.post("/v1/customers", json={"external_id": f"x{n}"})).json()["id"] for n in range(3)]
        company_id = (await client.get(f"/v1/customers/{ids[0]}")).json()["company_id"]
        body = {"filter": {"company_id": company_id}, "set": {"locale": "pt"}}
        cursor, changed = None, []
        while True:
            params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
            answer = (await client.post(PATH, json=body, params=params)).json()
            changed += [item["customer_id"] for item in answer["data"] if item["status"] == "changed"]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
        assert sorted(changed) == sorted(ids)
        listed = (await client.get("/v1/customers")).json()["data"]
        assert {item["id"] for item in listed if item["locale"] is None} == set(others)

    async def test_take_a_thousand_of_a_filter_in_one_call(self, customers: Harness, account: UUID) -> None:
        """Complaint 38: the page of a list has a fixed and small size."""
        client = customers.client(account=account)
        await people(client, 120)
        page = (await client.get("/v1/customers", params={"limit": 1000})).json()["data"]
        assert len(page) == 120
        body = {"filter": {"all": True}, "set": {"timezone": "Europe/Lisbon"}}
        answer = (await client.post(PATH, json=body, params={"limit": 1000})).json()
        assert (answer["changed"], answer["next_cursor"]) == (120, None)

    async def test_delete_as_one_by_one(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ids = await people(client, 3)
        await client.post(f"/v1/customers/{ids[0]}/merge", json={"customer_id": ids[1]})
        answer = (await client.post(PATH, json={"customer_ids": ids, "delete": True})).json()
        assert [item["status"] for item in answer["data"]] == ["deleted", "failed", "deleted"]
        assert {str(event.subject) for event in await customers.emitted(account, CustomerDeleted)} == set(ids)
        assert (await client.get("/v1/customers")).json()["data"] == []

    @pytest.mark.parametrize(
        "body",
        [
            {"delete": True},
            {"filter": {}, "delete": True},
            {"filter": {"all": True, "search": "x"}, "delete": True},
            {"filter": {"all": True}},
            {"filter": {"all": True}, "set": {}},
            {"filter": {"all": True}, "set": {"locale": "pt"}, "delete": True},
            {"filter": {"all": True}, "customer_ids": [str(new_id())], "delete": True},
            {"customer_ids": [], "delete": True},
            {"filter": {"all": True}, "set": {"email": "a@example.com"}},
        ],
    )
    async def test_that_do_not_say_whom_or_what_are_refused(
        self, customers: Harness, account: UUID, body: dict[str, Any]
    ) -> None:
        client = customers.client(account=account)
        await people(client, 1)
        assert (await client.post(PATH, json=body)).status_code == 422
        assert len((await client.get("/v1/customers")).json()["data"]) == 1
