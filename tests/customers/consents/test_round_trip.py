"""A withdrawal on its way: said by one click at the notifier, written down by customers, and heard by everybody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.customers.app import SERVICE as CUSTOMERS
from services.notifier.app import SERVICE as NOTIFIER
from shared.contracts.consent import ConsentChanged, PreferenceStated
from shared.contracts.customers import CustomerCreated
from shared.testing.harness import Harness
from tests.notifier.builders import an_account, send_messages


@pytest.fixture
async def services(harness: Any) -> tuple[Harness, Harness]:
    return await harness(CUSTOMERS), await harness(NOTIFIER)


async def passed_on(sender: Harness, receiver: Harness, account: UUID, kind: type[Any]) -> None:
    await receiver.deliver_raw([event.raw for event in await sender.emitted(account, kind)])


async def test_one_click_is_in_the_ledger_and_a_yes_there_is_heard_by_the_notifier(
    services: tuple[Harness, Harness], account: UUID
) -> None:
    customers, notifier = services
    client, desk = customers.client(account=account), notifier.client(account=account)
    await an_account(notifier, account)
    ana = (await client.post("/v1/customers", json={"email": "ana@example.com"})).json()["id"]
    await passed_on(customers, notifier, account, CustomerCreated)
    url = (await desk.get(f"/v1/customers/{ana}/preferences")).json()["url"]

    async def news() -> str:
        body = {"customer_id": ana, "subject": "News", "text": "New teas.", "purpose": "surveys"}
        made = (await desk.post("/v1/messages", json=body)).json()
        await send_messages(notifier)
        state: str = (await desk.get(f"/v1/messages/{made['id']}")).json()["state"]
        return state

    assert await news() == "sent"
    await notifier.anonymous().post(url[url.index("/p/") :], data={"List-Unsubscribe": "One-Click"})
    assert await news() == "suppressed"

    await passed_on(notifier, customers, account, PreferenceStated)
    rows = (await client.get(f"/v1/customers/{ana}/consents")).json()["data"]
    assert {(row["purpose"], row["channel"], row["granted"]) for row in rows} == {
        ("surveys", "any", False),
        ("marketing", "any", False),
    }
    for each in (customers, notifier):
        each.clock.advance(timedelta(days=1))
    yes = {"purpose": "surveys", "granted": True, "proof": {"source": "phone"}}
    await client.post(f"/v1/customers/{ana}/consents", json=yes)
    await passed_on(customers, notifier, account, ConsentChanged)
    assert await news() == "sent"


async def test_a_stop_outlives_the_record(services: tuple[Harness, Harness], account: UUID) -> None:
    customers, notifier = services
    client, desk = customers.client(account=account), notifier.client(account=account)
    await an_account(notifier, account)

    async def made() -> str:
        customer_id = (await client.post("/v1/customers", json={"email": "opt@example.com"})).json()["id"]
        await passed_on(customers, notifier, account, CustomerCreated)
        await passed_on(customers, notifier, account, ConsentChanged)
        return str(customer_id)

    opt = await made()
    url = (await desk.get(f"/v1/customers/{opt}/preferences")).json()["url"]
    await notifier.anonymous().post(url[url.index("/p/") :], data={"go": "stop"})
    await passed_on(notifier, customers, account, PreferenceStated)
    assert (await client.delete(f"/v1/customers/{opt}")).status_code == 204
    again = await made()
    body = {"customer_id": again, "subject": "News", "text": "New teas.", "purpose": "surveys"}
    message = (await desk.post("/v1/messages", json=body)).json()
    await send_messages(notifier)
    assert (await desk.get(f"/v1/messages/{message['id']}")).json()["state"] == "suppressed"
