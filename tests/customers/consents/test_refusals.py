"""A no outlives the record it was said for: whoever comes back is not asked again as if nothing had been.

Seen to fail with `refusals.keep` or `refusals.restore` left out: all but the one of another account.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from services.customers.subjects.part import empty_records
from shared.contracts.consent import ConsentChanged
from shared.ids import new_id
from shared.testing.harness import Harness

EMAIL, PHONE = "opt@example.com", "+4930123456"
NO = {"purpose": "surveys", "granted": False, "proof": {"source": "phone"}}
YES = NO | {"channel": "email", "granted": True}


async def made(client: httpx.AsyncClient, **identities: str) -> str:
    answer = await client.post("/v1/customers", json=identities)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def said(client: httpx.AsyncClient, customer_id: str, body: dict[str, Any]) -> None:
    answer = await client.post(f"/v1/customers/{customer_id}/consents", json=body)
    assert answer.status_code == 201, answer.text


async def refused(client: httpx.AsyncClient, customer_id: str) -> set[str]:
    """The channels on which they are not to be asked."""
    states = (await client.get(f"/v1/customers/{customer_id}/consents/current")).json()["data"]
    return {one["channel"] for one in states if one["purpose"] == "surveys" and not one["allowed"]}


ALL = {"email", "sms", "whatsapp", "phone", "any"}


@pytest.fixture
def client(customers: Harness, account: UUID) -> httpx.AsyncClient:
    return customers.client(account=account)


@pytest.fixture
async def ana(client: httpx.AsyncClient) -> str:
    """Has refused everything, and is known by two identities."""
    customer_id = await made(client, email=EMAIL, phone=PHONE)
    await said(client, customer_id, NO)
    return customer_id


class TestWhoeverIsDeleted:
    @pytest.mark.parametrize("identity", [{"email": EMAIL.upper()}, {"phone": PHONE}, {"email": EMAIL, "phone": PHONE}])
    async def test_and_comes_back_has_refused_still(
        self, customers: Harness, account: UUID, client: httpx.AsyncClient, ana: str, identity: dict[str, str]
    ) -> None:
        stated = (await client.get(f"/v1/customers/{ana}/consents")).json()["data"][0]
        customers.clock.advance(timedelta(days=1))
        await client.delete(f"/v1/customers/{ana}")
        again = await made(client, **identity)
        assert again != ana
        assert await refused(client, again) == ALL
        [row] = (await client.get(f"/v1/customers/{again}/consents")).json()["data"]
        assert (row["proof"]["source"], row["effective_at"]) == ("suppression", stated["effective_at"])
        told = [event.data for event in await customers.emitted(account, ConsentChanged)]
        assert [str(one.customer_id) for one in told if isinstance(one, ConsentChanged)] == [ana, again]

    async def test_comes_back_refusing_by_whatever_way(self, client: httpx.AsyncClient, ana: str) -> None:
        await client.delete(f"/v1/customers/{ana}")
        activity = {"customer": {"email": EMAIL}, "kind": "visit", "source": "shop", "source_id": str(new_id())}
        known = (await client.post("/v1/activities", json=activity)).json()["customer_id"]
        assert await refused(client, known) == ALL
        other = await made(client, external_id="7")
        await client.post(f"/v1/customers/{other}/identities", json={"kind": "phone", "value": PHONE})
        assert await refused(client, other) == ALL

    async def test_leaves_what_held_last_and_no_yes(
        self, customers: Harness, client: httpx.AsyncClient, ana: str
    ) -> None:
        customers.clock.advance(timedelta(days=1))
        await said(client, ana, YES)
        assert await refused(client, ana) == ALL - {"email"}
        await client.delete(f"/v1/customers/{ana}")
        again = await made(client, email=EMAIL)
        assert await refused(client, again) == ALL
        customers.clock.advance(timedelta(days=1))
        await said(client, again, YES | {"channel": "any"})
        assert await refused(client, again) == set()
        await client.delete(f"/v1/customers/{again}")
        assert await refused(client, await made(client, email=EMAIL)) == set()

    async def test_leaves_nothing_that_can_be_read(
        self, customers: Harness, account: UUID, client: httpx.AsyncClient, ana: str
    ) -> None:
        await client.delete(f"/v1/customers/{ana}")
        async with customers.work(account) as work:
            rows = (
                await work.session.execute(text("select row.*, row::text as shown from customers.refusals row"))
            ).all()
        assert {(row.kind, row.purpose, row.channel, len(row.digest)) for row in rows} == {
            ("email", "surveys", "any", 32),
            ("phone", "surveys", "any", 32),
        }
        assert not [row for row in rows if ana in row.shown or EMAIL.encode() in row.digest]

    async def test_refuses_nothing_to_another_account(
        self, customers: Harness, client: httpx.AsyncClient, ana: str
    ) -> None:
        await client.delete(f"/v1/customers/{ana}")
        other = customers.client(account=new_id())
        assert await refused(other, await made(other, email=EMAIL)) == set()


async def test_an_identity_that_changes_hands_brings_its_refusals(
    customers: Harness, client: httpx.AsyncClient, ana: str
) -> None:
    customers.clock.advance(timedelta(days=1))
    changed = await client.patch(f"/v1/customers/{ana}", json={"email": "new@example.com"})
    assert changed.status_code == 200
    other = await made(client, email=EMAIL)
    assert await refused(client, other) == ALL
    assert await refused(client, ana) == ALL
    # What they say themselves, later than that, holds whatever comes to them.
    ben = await made(client, external_id="8")
    await said(client, ben, YES | {"channel": "any"})
    await client.delete(f"/v1/customers/{other}")
    await client.patch(f"/v1/customers/{ben}", json={"email": EMAIL})
    assert await refused(client, ben) == set()


async def test_whoever_was_erased_and_is_readmitted_has_refused_still(
    customers: Harness, account: UUID, client: httpx.AsyncClient, ana: str
) -> None:
    async with customers.work(account) as work:
        await empty_records(work, [UUID(ana)], "delete")
    async with customers.work(account) as work:
        await work.session.execute(text("delete from customers.identities"))
    assert (await client.post("/v1/customers", json={"email": EMAIL})).status_code == 409
    assert (await client.post("/v1/customers/readmissions", json={"email": EMAIL})).status_code == 204
    assert await refused(client, await made(client, email=EMAIL)) == ALL
