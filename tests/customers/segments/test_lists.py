"""Static segments: customers on a list."""

from uuid import UUID

from services.customers.db import MERGED_CUSTOMERS
from shared.contracts.customers import CustomerMerged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.segments.building import PATH, attribute, customer, hear, members, segment, told


async def listed(customers: Harness, account: UUID, *ids: UUID) -> UUID:
    client = customers.client(account=account)
    segment_id = UUID((await client.post(PATH, json={"name": "Friends", "kind": "static"})).json()["id"])
    answer = await client.post(f"{PATH}/{segment_id}/members", json={"customer_ids": [str(each) for each in ids]})
    assert answer.status_code == 200, answer.text
    return segment_id


class TestLists:
    async def test_need_a_credential(self, customers: Harness) -> None:
        body = {"customer_ids": [str(new_id())]}
        assert (await customers.anonymous().post(f"{PATH}/{new_id()}/members", json=body)).status_code == 401

    async def test_of_another_account_are_not_found(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        segment_id = await listed(customers, account, await customer(client, "ana"))
        body = {"customer_ids": [str(await customer(other, "bo"))]}
        assert (await other.post(f"{PATH}/{segment_id}/members", json=body)).status_code == 404
        refused = await client.post(f"{PATH}/{segment_id}/members", json=body)
        assert [e["pointer"] for e in refused.json()["errors"]] == ["/customer_ids/0"]

    async def test_have_who_was_put_on_them_once(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, bo = await customer(client, "ana"), await customer(client, "bo")
        segment_id = await listed(customers, account, ana, bo, ana)
        again = await client.post(f"{PATH}/{segment_id}/members", json={"customer_ids": [str(ana)]})
        assert again.json()["members"] == 2
        assert (await client.delete(f"{PATH}/{segment_id}/members/{ana}")).status_code == 204
        assert (await client.delete(f"{PATH}/{segment_id}/members/{ana}")).status_code == 404
        assert await members(client, segment_id) == {"bo"}
        assert await told(customers, account, segment_id) == {bo}

    async def test_are_not_for_dynamic_segments(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Gold", attribute("plan", "gold"))
        body = {"customer_ids": [str(await customer(client, "ana"))]}
        assert (await client.post(f"{PATH}/{segment_id}/members", json=body)).status_code == 409

    async def test_do_not_hold_the_deleted(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana")
        segment_id = await listed(customers, account, ana)
        await client.delete(f"/v1/customers/{ana}")
        await hear(customers, account)
        assert await members(client, segment_id) == set()

    async def test_follow_a_merge(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, anna = await customer(client, "ana"), await customer(client, "anna")
        segment_id = await listed(customers, account, anna)
        async with customers.work(account) as work:
            await MERGED_CUSTOMERS.point(work, anna, ana, version=2)
        merged = CustomerMerged(customer_id=ana, merged_customer_id=anna, merged_version=2, automatic=False)
        await customers.deliver(merged, account=account, subject=ana)
        assert await members(client, segment_id) == {"ana"}
        assert (await client.delete(f"{PATH}/{segment_id}/members/{anna}")).status_code == 204
        assert await members(client, segment_id) == set()
