"""Records that may be one person, for a person to decide."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.customers.merges.evidence import NAMED_TOGETHER, SUGGESTED_FROM, score
from shared.contracts.customers import CustomerMerged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.merges.people import add, identities, read, sight, suggested

PATH = "/v1/customers/merge-suggestions"


async def sign(client: httpx.AsyncClient, customer_id: str, kind: str, value: str, **more: Any) -> dict[str, Any]:
    body = {"kind": kind, "value": value, **more}
    response = await client.post(f"/v1/customers/{customer_id}/identities", json=body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


class TestScores:
    def test_grow_with_every_sign_and_fall_with_a_conflict(self) -> None:
        one, two = score({"name"}, conflict=False), score({"name", "device"}, conflict=False)
        assert 0 < one < SUGGESTED_FROM <= two < score({"name", "device", "order"}, conflict=False) <= 100
        assert score({NAMED_TOGETHER}, conflict=True) < SUGGESTED_FROM <= score({NAMED_TOGETHER}, conflict=False)


class TestSuggestions:
    async def test_need_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(PATH)).status_code == 401
        answer = await customers.anonymous().post(f"{PATH}/{new_id()}/decide", json={"merge": True})
        assert answer.status_code == 401

    async def test_of_another_account_are_not_there(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        [found] = await self.named_together(customers, account)
        assert await suggested(other) == []
        for merge in (True, False):
            assert (await self.decide(other, found, merge=merge)).status_code == 404
        assert await suggested(client) == [found]

    async def test_come_from_an_answer_that_names_two(self, customers: Harness, account: UUID) -> None:
        [found] = await self.named_together(customers, account)
        assert (found["signs"], found["conflicts"], found["score"]) == (["named_together"], [], 70)
        assert await customers.emitted(account, CustomerMerged) == []

    async def test_come_from_weak_signs_that_two_share(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana, other = await add(client, email="a@example.com", name="Ana"), await add(client, phone="+351912345678")
        await sign(client, ana, "order", "1017")
        await sign(client, other, "order", "1017")
        [found] = await suggested(client)
        assert set(found["customer_ids"]) == {ana, other}
        assert found["signs"] == ["order"]

    async def test_need_more_than_one_shared_browser(self, customers: Harness, account: UUID) -> None:
        """Complaint 36: two people at one computer are two people."""
        client = customers.client(account=account)
        ana, ben = await add(client, email="a@example.com", name="Ana"), await add(client, email="b@example.com")
        await sign(client, ana, "device", "browser-1")
        await sign(client, ben, "device", "browser-1")
        assert await suggested(client) == []
        await client.patch(f"/v1/customers/{ben}", json={"name": "ana"})
        await sign(client, ben, "device", "browser-1")
        [found] = await suggested(client)
        assert found["signs"] == ["device", "name"]

    async def test_ignore_what_very_many_share(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for n in range(7):
            somebody = await add(client, email=f"{n}@example.com")
            await sign(client, somebody, "order", "gift card")
        found = await suggested(client)
        async with customers.work(account) as work:
            from services.customers.merges import suggestions

            await suggestions.forget(work, [UUID(c) for item in found for c in item["customer_ids"]])
        late = await add(client, email="late@example.com")
        await sign(client, late, "order", "gift card")
        assert await suggested(client) == []

    async def test_that_are_accepted_merge(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        [found] = await self.named_together(customers, account)
        response = await self.decide(client, found, merge=True)
        assert response.status_code == 200, response.text
        kept = (await read(client, found["customer_ids"][0]))["id"]
        [made] = (await client.get(f"/v1/customers/{kept}/merges")).json()["data"]
        assert (made["id"], made["reason"]) == (response.json()["merge_id"], "suggested: named_together")
        assert {made["merged_customer_id"], made["customer_id"]} == set(found["customer_ids"])
        assert await suggested(client) == []
        assert [item["state"] for item in await suggested(client, state="accepted")] == ["accepted"]

    @pytest.mark.parametrize("merge", [True, False])
    async def test_are_decided_once(self, customers: Harness, account: UUID, merge: bool) -> None:
        client = customers.client(account=account)
        [found] = await self.named_together(customers, account)
        await self.decide(client, found, merge=merge)
        again = await self.decide(client, found, merge=merge)
        assert (again.status_code, again.json()["code"]) == (409, "already_decided")

    async def test_that_are_dismissed_do_not_come_again(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        [found] = await self.named_together(customers, account)
        assert (await self.decide(client, found, merge=False)).status_code == 200
        await sight(customers, account, external_id="crm-1", email="b@example.com")
        assert await suggested(client) == []

    async def test_go_with_a_deleted_customer(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        [found] = await self.named_together(customers, account)
        await client.delete(f"/v1/customers/{found['customer_ids'][0]}")
        assert await suggested(client) == []

    async def decide(self, client: httpx.AsyncClient, found: dict[str, Any], *, merge: bool) -> httpx.Response:
        return await client.post(f"{PATH}/{found['id']}/decide", json={"merge": merge})

    async def named_together(self, customers: Harness, account: UUID) -> list[dict[str, Any]]:
        client = customers.client(account=account)
        await add(client, external_id="crm-1")
        await add(client, email="b@example.com")
        await sight(customers, account, external_id="crm-1", email="b@example.com")
        return await suggested(client)


class TestIdentitiesOfOneCustomer:
    async def test_say_how_they_are_known(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await add(client, external_id="1", email="Ana@example.com", email_verified=True)
        sighting = await sight(customers, account, external_id="1", phone="+351912345678")
        await sign(client, ana, "handle", "@Ana_S", source="instagram", evidence="message 17")
        found = await identities(client, ana)
        assert {value: (item["strength"], item["source"], item["verified"]) for value, item in found.items()} == {
            "1": ("strong", "api", False),
            "ana@example.com": ("strong", "api", True),
            "+351912345678": ("strong", "survey", False),
            "@ana_s": ("weak", "instagram", False),
        }
        assert found["+351912345678"]["evidence"] == f"answer {sighting}"
        assert found["@ana_s"]["evidence"] == "message 17"

    async def test_can_be_added_need_a_credential_and_stay_in_the_account(
        self, customers: Harness, account: UUID
    ) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        ana = await add(client, external_id="1")
        path, body = f"/v1/customers/{ana}/identities", {"kind": "email", "value": "a@example.com"}
        assert (await customers.anonymous().post(path, json=body)).status_code == 401
        assert (await other.post(path, json=body)).status_code == 404
        assert (await client.post(path, json=body)).status_code == 201
        assert (await read(client, ana))["email"] == "a@example.com"

    async def test_may_be_several_emails_of_which_one_is_shown(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await add(client, email="a@example.com")
        await sign(client, ana, "email", "B@example.com", verified=True)
        assert await add(client, email="b@example.com") == ana
        assert (await read(client, ana))["email"] == "a@example.com"
        await client.patch(f"/v1/customers/{ana}", json={"email": "b@example.com"})
        assert set(await identities(client, ana)) == {"a@example.com", "b@example.com"}

    async def test_of_somebody_else_are_refused_if_strong(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await add(client, email="a@example.com")
        ben = await add(client, email="b@example.com")
        body = {"kind": "email", "value": "a@example.com"}
        response = await client.post(f"/v1/customers/{ben}/identities", json=body)
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (409, "/email")

    @pytest.mark.parametrize(
        "body", [{"kind": "email", "value": "no"}, {"kind": "x", "value": "y"}, {"kind": "device"}]
    )
    async def test_that_cannot_be_are_refused(self, customers: Harness, account: UUID, body: dict[str, str]) -> None:
        client = customers.client(account=account)
        ana = await add(client, external_id="1")
        assert (await client.post(f"/v1/customers/{ana}/identities", json=body)).status_code == 422

    async def test_can_be_removed_but_not_the_last(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await add(client, email="a@example.com", phone="+351912345678")
        device = await sign(client, ana, "device", "browser-1")
        found = await identities(client, ana)
        path = f"/v1/customers/{ana}/identities"
        other = customers.client(account=new_id())
        assert (await customers.anonymous().delete(f"{path}/{device['id']}")).status_code == 401
        assert (await other.delete(f"{path}/{device['id']}")).status_code == 404
        for item in (device, found["a@example.com"]):
            assert (await client.delete(f"{path}/{item['id']}")).status_code == 204
        assert (await read(client, ana))["email"] is None
        assert (await client.delete(f"{path}/{found['+351912345678']['id']}")).status_code == 422
        assert (await client.delete(f"{path}/{device['id']}")).status_code == 404
