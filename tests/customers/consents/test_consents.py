"""The consent ledger, row by row."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.customers.db import MERGED_CUSTOMERS
from shared.contracts.consent import ConsentChanged, ConsentStated, PreferenceStated
from shared.contracts.customers import CustomerMerged
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

    @pytest.mark.parametrize("granted", ["yes", "off", "true", 1, 0, 1.0, None])
    async def test_is_a_plain_yes_or_no(self, customers: Harness, account: UUID, granted: Any) -> None:
        path = f"/v1/customers/{await a_customer(customers, account)}/consents"
        answer = await customers.client(account=account).post(path, json=a_no(granted=granted))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/granted")


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


async def allowed(customers: Harness, account: UUID, customer_id: str, purpose: str, channel: str) -> tuple[bool, str]:
    found = await customers.client(account=account).get(f"/v1/customers/{customer_id}/consents/current")
    [one] = [one for one in found.json()["data"] if (one["purpose"], one["channel"]) == (purpose, channel)]
    return one["allowed"], one["reason"]


class TestToday:
    async def test_needs_a_credential_and_the_right_account(self, customers: Harness, account: UUID) -> None:
        path = f"/v1/customers/{await a_customer(customers, account)}/consents/current"
        assert (await customers.anonymous().get(path)).status_code == 401
        assert (await customers.client(account=new_id()).get(path)).status_code == 404

    async def test_begins_with_what_needs_no_asking(self, customers: Harness, account: UUID) -> None:
        ana = await a_customer(customers, account)
        for purpose, expected in (("surveys", True), ("service", True), ("analytics", True), ("marketing", False)):
            reason = "default" if expected else "no_consent"
            assert await allowed(customers, account, ana, purpose, "email") == (expected, reason)

    async def test_follows_what_was_said_last_whenever_it_was_heard(self, customers: Harness, account: UUID) -> None:
        client, ana = customers.client(account=account), await a_customer(customers, account)
        path = f"/v1/customers/{ana}/consents"
        said = (customers.clock.now() - timedelta(days=1)).isoformat()
        earlier = (customers.clock.now() - timedelta(days=2)).isoformat()
        await client.post(path, json=a_no(effective_at=said))
        await client.post(path, json=a_no(granted=True, effective_at=earlier))
        assert await allowed(customers, account, ana, "surveys", "email") == (False, "withdrawn")
        assert await allowed(customers, account, ana, "surveys", "sms") == (True, "default")
        await client.post(path, json=a_no(granted=True))
        assert await allowed(customers, account, ana, "surveys", "email") == (True, "granted")
        await client.post(path, json=a_no(purpose="horoscopes", channel="any", granted=True))
        assert await allowed(customers, account, ana, "horoscopes", "phone") == (True, "granted")

    async def test_is_not_yet_what_lies_ahead(self, customers: Harness, account: UUID) -> None:
        client, ana = customers.client(account=account), await a_customer(customers, account)
        later = (customers.clock.now() + timedelta(days=1)).isoformat()
        response = await client.post(f"/v1/customers/{ana}/consents", json=a_no(effective_at=later))
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/effective_at")


class TestWhatIsSaidElsewhere:
    def preference(self, customers: Harness, customer_id: str, **changes: Any) -> PreferenceStated:
        values: dict[str, Any] = {
            "statement_id": new_id(),
            "customer_id": UUID(customer_id),
            "purpose": "surveys",
            "channel": "email",
            "granted": False,
            "method": "one_click",
            "message_id": new_id(),
            "text_version": "1",
            "stated_at": customers.clock.now(),
        }
        return PreferenceStated(**(values | changes))

    async def test_on_a_messages_page_is_written_down_once(self, customers: Harness, account: UUID) -> None:
        ana = await a_customer(customers, account)
        said = self.preference(customers, ana)
        for _ in range(2):
            await customers.deliver(said, account=account)
        found = await customers.client(account=account).get(f"/v1/customers/{ana}/consents")
        [row] = found.json()["data"]
        assert (row["id"], row["proof"]["source"]) == (str(said.statement_id), "unsubscribe")
        assert row["proof"]["message_id"] == str(said.message_id)
        assert row["actor"] == f"human:{ana}"
        assert len(await customers.emitted(account, ConsentChanged)) == 1

    async def test_in_a_survey_is_written_down_with_its_words(self, customers: Harness, account: UUID) -> None:
        ana = await a_customer(customers, account)
        said = ConsentStated(
            statement_id=new_id(), customer_id=UUID(ana), purpose="marketing", channel="email", granted=True,
            text="Yes, write to me about new teas.", text_version="3", survey_id=new_id(), response_id=new_id(),
            question="news", stated_at=customers.clock.now(),
        )  # fmt: skip
        await customers.deliver(said, account=account)
        [row] = (await customers.client(account=account).get(f"/v1/customers/{ana}/consents")).json()["data"]
        assert (row["proof"]["text"], row["text_version"], row["proof"]["question"]) == (said.text, "3", "news")
        assert await allowed(customers, account, ana, "marketing", "email") == (True, "granted")

    async def test_by_somebody_who_is_gone_leaves_nothing(self, customers: Harness, account: UUID) -> None:
        ana = await a_customer(customers, account)
        await customers.client(account=account).delete(f"/v1/customers/{ana}")
        await customers.deliver(self.preference(customers, ana), account=account)
        assert await customers.emitted(account, ConsentChanged) == []


class TestMerging:
    async def merged(self, customers: Harness, account: UUID, kept: str, other: str) -> None:
        async with customers.work(account) as work:
            await MERGED_CUSTOMERS.point(work, UUID(other), UUID(kept), version=2)
        told = CustomerMerged(customer_id=UUID(kept), merged_customer_id=UUID(other), merged_version=2, automatic=False)
        await customers.deliver(told, account=account, subject=UUID(kept))

    @pytest.mark.parametrize("no_first", [True, False])
    async def test_keeps_a_no_of_either_until_they_say_yes_anew(
        self, customers: Harness, account: UUID, no_first: bool
    ) -> None:
        client = customers.client(account=account)
        kept, other = await a_customer(customers, account), await a_customer(customers, account, "ana2@example.com")
        no, yes = (other, kept) if no_first else (kept, other)
        await client.post(f"/v1/customers/{no}/consents", json=a_no())
        customers.clock.advance(timedelta(days=1))
        await client.post(f"/v1/customers/{yes}/consents", json=a_no(granted=True))
        customers.clock.advance(timedelta(days=1))
        await self.merged(customers, account, kept, other)
        assert await allowed(customers, account, kept, "surveys", "email") == (False, "withdrawn")
        newest = (await client.get(f"/v1/customers/{kept}/consents")).json()["data"][0]
        assert (newest["proof"]["source"], newest["origin_customer_id"]) == ("merge", no)
        customers.clock.advance(timedelta(days=1))
        await client.post(f"/v1/customers/{kept}/consents", json=a_no(granted=True))
        assert await allowed(customers, account, kept, "surveys", "email") == (True, "granted")

    async def test_adds_nothing_where_nobody_objected(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        kept, other = await a_customer(customers, account), await a_customer(customers, account, "ana2@example.com")
        for customer_id in (kept, other):
            await client.post(f"/v1/customers/{customer_id}/consents", json=a_no(granted=True))
        await self.merged(customers, account, kept, other)
        assert len(await customers.emitted(account, ConsentChanged)) == 2

    async def test_taken_back_gives_each_their_own_ledger(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        kept, other = await a_customer(customers, account), await a_customer(customers, account, "ana2@example.com")
        await client.post(f"/v1/customers/{other}/consents", json=a_no())
        customers.clock.advance(timedelta(days=1))
        await client.post(f"/v1/customers/{kept}/consents", json=a_no(granted=True))
        await self.merged(customers, account, kept, other)
        async with customers.work(account) as work:
            await MERGED_CUSTOMERS.point(work, UUID(other), None, version=3)
        assert await allowed(customers, account, kept, "surveys", "email") == (True, "granted")
        assert await allowed(customers, account, other, "surveys", "email") == (False, "withdrawn")
