"""What connected shops tell of becomes what customers did, and leads to who they are."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select

from services.customers.activities.models import AwaitedOrder
from shared.contracts.activities import ActivityAmount, ActivityDeleted
from shared.contracts.customers import CustomerCreated, CustomerIdentified, CustomerUpdated
from shared.contracts.hearing import ActivityObserved, ConsentObserved, PrivacyMatched, PrivacyRequested
from shared.contracts.survey import CustomerReference, CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness

SHOP, OTHER_SHOP = new_id(), new_id()
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def order(number: str = "#1001", *, shop: UUID = SHOP, **fields: Any) -> ActivityObserved:
    named = fields.pop("customer", {"email": "ana@example.com", "name": "Ana", "handle": "shopify:7"})
    defaults: dict[str, Any] = {
        "kind": "purchase",
        "version": 1,
        "amount": ActivityAmount(amount=Decimal("49.90"), currency="EUR"),
        "external_id": f"id {number}",
        "properties": {"line items": 2},
    }
    return ActivityObserved(
        source_id=shop,
        source="shopify",
        customer=CustomerReference(order=number, **named),
        occurred_at=AT,
        order_ref=number,
        name=None,
        touchpoint=None,
        **defaults | fields,
    )


async def listed(customers: Harness, account: UUID) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = (await customers.client(account=account).get("/v1/activities")).json()["data"]
    return data


async def sight(customers: Harness, account: UUID, *, verified: bool = True, **named: Any) -> UUID | None:
    sighting_id = new_id()
    sighted = CustomerSighted(sighting_id=sighting_id, customer=CustomerReference(**named), verified=verified)
    await customers.deliver(sighted, account=account, subject=sighting_id)
    found = [event.data for event in await customers.emitted(account, CustomerIdentified)]
    mine = [each for each in found if isinstance(each, CustomerIdentified) and each.sighting_id == sighting_id]
    return mine[0].customer_id if mine else None


class TestActivities:
    async def test_are_recorded_once_and_corrected_by_a_later_version(self, customers: Harness, account: UUID) -> None:
        more = ActivityAmount(amount=Decimal("60.00"), currency="EUR")
        for observed in (order(), order(), order(version=3, amount=more), order(version=2)):
            await customers.deliver(observed, account=account)
        [activity] = await listed(customers, account)
        assert (activity["kind"], activity["amount"]["amount"], activity["source"]) == ("purchase", "60.00", "shopify")
        assert activity["properties"] == {"line_items": 2, "order_ref": "#1001"}

    async def test_of_two_shops_are_two_though_they_count_alike(self, customers: Harness, account: UUID) -> None:
        await customers.deliver(order(), account=account)
        bo = {"email": "bo@example.com"}
        await customers.deliver(order(shop=OTHER_SHOP, customer=bo), account=account)
        refund = order(shop=OTHER_SHOP, kind="refund", external_id="refund 1", customer={})
        await customers.deliver(refund, account=account)
        counts = Counter(activity["customer_id"] for activity in await listed(customers, account))
        assert sorted(counts.values()) == [1, 2]

    async def test_that_name_the_order_by_the_shops_own_id_find_the_buyer(
        self, customers: Harness, account: UUID
    ) -> None:
        await customers.deliver(order(), account=account)
        named = CustomerReference(order="id #1001")
        refund = order(kind="refund", external_id="refund 1").model_copy(
            update={"customer": named, "order_ref": "id #1001"}
        )
        await customers.deliver(refund, account=account)
        elsewhere = refund.model_copy(update={"source_id": OTHER_SHOP, "external_id": "refund 2"})
        await customers.deliver(elsewhere, account=account)
        found = await listed(customers, account)
        assert sorted(activity["kind"] for activity in found) == ["purchase", "refund"]
        assert len({activity["customer_id"] for activity in found}) == 1

    async def test_that_follow_find_the_buyer_by_the_order_or_wait(self, customers: Harness, account: UUID) -> None:
        refund = order(kind="refund", external_id="refund 1", customer={})
        await customers.deliver(refund, account=account)
        assert await listed(customers, account) == []
        await customers.deliver(order(), account=account)
        customers.clock.advance(timedelta(minutes=11))
        await customers.run_timers()
        activities = await listed(customers, account)
        assert sorted(activity["kind"] for activity in activities) == ["purchase", "refund"]
        assert len({activity["customer_id"] for activity in activities}) == 1

    async def test_that_never_happened_are_taken_out_for_good(self, customers: Harness, account: UUID) -> None:
        await customers.deliver(order(), account=account)
        await customers.deliver(order(version=2, removed=True), account=account)
        await customers.deliver(order(version=3), account=account)
        assert await listed(customers, account) == []
        assert len(await customers.emitted(account, ActivityDeleted)) == 1


class TestSightings:
    @pytest.mark.parametrize(
        ("named", "is_found"),
        [
            ({"order": "1001"}, True),
            ({"order": " #1001 ", "email": "gift@example.com"}, True),
            ({"order": "1002"}, False),
            ({"handle": "Shopify:7"}, True),
            ({"handle": "trustpilot:7"}, False),
        ],
    )
    async def test_by_an_order_or_a_handle_find_who_is_known(
        self, customers: Harness, account: UUID, *, named: dict[str, Any], is_found: bool
    ) -> None:
        await customers.deliver(order(), account=account)
        [activity] = await listed(customers, account)
        assert await sight(customers, account, **named) == (UUID(activity["customer_id"]) if is_found else None)
        assert len(await customers.emitted(account, CustomerCreated)) == 1

    async def test_teach_the_handle(self, customers: Harness, account: UUID) -> None:
        await customers.deliver(order(), account=account)
        ana = await sight(customers, account, order="#1001", handle="trustpilot:u1")
        assert await sight(customers, account, handle="trustpilot:u1") == ana

    async def test_of_an_order_that_two_people_have_find_nobody(self, customers: Harness, account: UUID) -> None:
        await customers.deliver(order(), account=account)
        await customers.deliver(order(shop=OTHER_SHOP, customer={"email": "bo@example.com"}), account=account)
        assert await sight(customers, account, order="#1001") is None

    async def test_that_nobody_vouches_for_look_and_write_nothing(self, customers: Harness, account: UUID) -> None:
        await customers.deliver(order(), account=account)
        before = len(await customers.emitted(account, CustomerCreated, CustomerUpdated))
        named: dict[str, Any] = {"email": "ana@example.com", "external_id": "crm-9", "name": "No", "handle": "mail:x"}
        assert await sight(customers, account, verified=False, **named) is not None
        assert await sight(customers, account, verified=False, email="new@example.com") is None
        assert await sight(customers, account, handle="mail:x") is None
        assert len(await customers.emitted(account, CustomerCreated, CustomerUpdated)) == before


class TestWaiting:
    """A review may name an order that nobody has told of yet."""

    async def sighted(self, customers: Harness, account: UUID, sighting_id: UUID, **named: Any) -> None:
        verified = named.pop("verified", True)
        reference = CustomerReference(**{"order": "1001", **named})
        sighted = CustomerSighted(sighting_id=sighting_id, customer=reference, verified=verified)
        await customers.deliver(sighted, account=account, subject=sighting_id)

    async def identified(self, customers: Harness, account: UUID) -> list[tuple[UUID, str]]:
        events = [event.data for event in await customers.emitted(account, CustomerIdentified)]
        return [(e.sighting_id, str(e.customer_id)) for e in events if isinstance(e, CustomerIdentified)]

    async def test_finds_the_buyer_once_when_the_order_comes(self, customers: Harness, account: UUID) -> None:
        review = new_id()
        for _ in range(2):
            await self.sighted(customers, account, review, handle="trustpilot:u1")
        await customers.run_timers()
        for _ in range(2):
            await customers.deliver(order(), account=account)
            await customers.run_timers()
        [activity] = await listed(customers, account)
        assert await self.identified(customers, account) == [(review, activity["customer_id"])]
        # As from an order that was there first, the handle is learnt.
        assert await sight(customers, account, handle="trustpilot:u1") == UUID(activity["customer_id"])

    async def test_finds_it_by_an_order_that_is_told_over_the_api(self, customers: Harness, account: UUID) -> None:
        reviews = [new_id(), new_id()]
        await self.sighted(customers, account, reviews[0])
        await self.sighted(customers, account, reviews[1], order="#A-7", verified=False, handle="mail:x")
        client, ana = customers.client(account=account), {"customer": {"email": "ana@example.com"}, "kind": "purchase"}
        orders = [ana | {"source_id": "1001"}, ana | {"source_id": "x", "properties": {"order_ref": "a-7"}}]
        answer = await client.post("/v1/activities/bulk", json={"activities": orders})
        assert answer.status_code == 200, answer.text
        await customers.run_timers()
        [first, _] = await listed(customers, account)
        assert sorted(await self.identified(customers, account)) == [(id_, first["customer_id"]) for id_ in reviews]
        assert await sight(customers, account, handle="mail:x") is None

    async def test_takes_no_others_order_for_it(self, customers: Harness, account: UUID) -> None:
        await self.sighted(customers, account, new_id())
        await customers.deliver(order("#1002"), account=account)
        await customers.deliver(order(), account=new_id())
        await customers.run_timers()
        assert await self.identified(customers, account) == []

    async def test_looks_again_by_itself_for_an_order_that_came_in_the_same_moment(
        self, customers: Harness, account: UUID
    ) -> None:
        review = new_id()
        await self.sighted(customers, account, review)
        async with customers.work(account) as work:
            # As if the order had been written by somebody who could not yet see who waits.
            held = delete(AwaitedOrder).where(AwaitedOrder.account_id == account).returning(AwaitedOrder)
            [row] = (await work.session.scalars(held)).all()
            columns = {column.key: getattr(row, column.key) for column in AwaitedOrder.__table__.columns}
        await customers.deliver(order(), account=account)
        async with customers.work(account) as work:
            work.session.add(AwaitedOrder(**columns))
        customers.clock.advance(timedelta(minutes=11))
        await customers.run_timers()
        assert [id_ for id_, _ in await self.identified(customers, account)] == [review]

    async def test_ends(self, customers: Harness, account: UUID) -> None:
        await self.sighted(customers, account, new_id())
        for days in (30, 2):
            customers.clock.advance(timedelta(days=days))
            await customers.run_timers()
        async with customers.work(account) as work:
            assert (await work.session.scalars(select(AwaitedOrder))).all() == []
        await customers.deliver(order(), account=account)
        await customers.run_timers()
        assert await self.identified(customers, account) == []


async def say(
    customers: Harness, account: UUID, granted: bool, at: datetime = AT, channel: Any = "sms", **named: Any
) -> None:
    said = ConsentObserved(
        statement_id=new_id(),
        source_id=SHOP,
        source="twilio",
        customer=CustomerReference(**named),
        channel=channel,
        granted=granted,
        proof="START" if granted else "STOP",
        stated_at=at,
    )
    await customers.deliver(said, account=account)


async def allowed(customers: Harness, account: UUID, customer_id: str, on: str = "sms") -> dict[str, bool]:
    answer = await customers.client(account=account).get(f"/v1/customers/{customer_id}/consents/current")
    assert answer.status_code == 200, answer.text
    return {each["purpose"]: each["allowed"] for each in answer.json()["data"] if each["channel"] == on}


class TestRefusals:
    async def test_hold_for_every_purpose_until_taken_back(self, customers: Harness, account: UUID) -> None:
        client, phone = customers.client(account=account), "+351912345678"
        ana = (await client.post("/v1/customers", json={"phone": phone})).json()["id"]
        before = await allowed(customers, account, ana)
        await say(customers, account, False, phone=phone)
        during = await allowed(customers, account, ana)
        assert not any(during[purpose] for purpose in ("surveys", "service", "marketing"))
        await say(customers, account, True, AT + timedelta(days=1), phone=phone)
        after = await allowed(customers, account, ana)
        assert (before["surveys"], after["surveys"], after["service"]) == (True, True, True)

    async def test_hold_for_the_channel_they_were_written_on(self, customers: Harness, account: UUID) -> None:
        client, phone = customers.client(account=account), "+351912345677"
        ana = (await client.post("/v1/customers", json={"phone": phone})).json()["id"]
        await say(customers, account, False, channel="whatsapp", phone=phone)
        assert (await allowed(customers, account, ana, "whatsapp"))["surveys"] is False
        assert (await allowed(customers, account, ana, "sms"))["surveys"] is True

    async def test_of_somebody_unknown_wait_for_them(self, customers: Harness, account: UUID) -> None:
        await say(customers, account, False, phone="+351912345679")
        client = customers.client(account=account)
        ana = (await client.post("/v1/customers", json={"phone": "+351912345679"})).json()["id"]
        assert (await allowed(customers, account, ana))["surveys"] is False


class TestPrivacy:
    async def test_requests_are_matched_and_a_shop_takes_only_its_own(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await client.post("/v1/customers", json={"external_id": "crm-1"})
        eva = {"external_id": "crm-1", "email": "eva@example.com"}
        for number, named in enumerate([{"email": "ana@example.com"}, eva]):
            await customers.deliver(order(f"#{number}", customer=named), account=account)
        ana = await sight(customers, account, verified=False, email="ana@example.com")
        for request, asker in (("export", {"email": "ana@example.com"}), ("erase", {"email": "no@example.com"})):
            await customers.deliver(self.asked(request, asker), account=account)
        await customers.deliver(self.asked("erase_shop", None), account=account)
        events = await customers.emitted(account, PrivacyMatched)
        told = [event.data for event in events if isinstance(event.data, PrivacyMatched)]
        assert [(each.request, each.customer_ids) for each in told] == [("export", (ana,)), ("erase", (ana,))]

    def asked(self, request: Any, named: dict[str, Any] | None) -> PrivacyRequested:
        return PrivacyRequested(
            request_id=new_id(),
            source_id=SHOP,
            source="shopify",
            request=request,
            customer=CustomerReference(**named) if named else None,
            requested_at=AT,
        )
