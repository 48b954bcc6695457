"""What customers did, one at a time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.customers.db import MERGED_CUSTOMERS
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityRecorded
from shared.contracts.customers import CustomerCreated
from shared.ids import new_id
from shared.testing.harness import Harness

PATH = "/v1/activities"


def purchase(**changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "customer": {"email": "ana@example.com"},
        "kind": "purchase",
        "amount": {"amount": "49.90", "currency": "EUR"},
        "source": "shop",
        "source_id": "order-1042",
    }
    return values | changes


class TestRecording:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(PATH, json=purchase())).status_code == 401

    async def test_needs_the_right_to_write(self, customers: Harness, account: UUID) -> None:
        client = customers.client("customers:read", account=account)
        assert (await client.post(PATH, json=purchase())).status_code == 403

    async def test_is_of_one_account_only(self, customers: Harness, account: UUID) -> None:
        mine = (await customers.client(account=account).post(PATH, json=purchase())).json()
        theirs = await customers.client(account=new_id()).post(PATH, json=purchase())
        assert theirs.status_code == 201
        assert theirs.json()["customer_id"] != mine["customer_id"]

    async def test_makes_somebody_unknown_a_customer_and_tells_it(self, customers: Harness, account: UUID) -> None:
        response = await customers.client(account=account).post(PATH, json=purchase())
        assert response.status_code == 201
        created, recorded = await customers.emitted(account)
        assert isinstance(created.data, CustomerCreated)
        assert isinstance(recorded.data, ActivityRecorded)
        assert str(recorded.data.customer_id) == response.json()["customer_id"] == str(created.data.customer_id)
        assert recorded.data.amount is not None
        assert str(recorded.data.amount.amount) == "49.90"

    async def test_again_is_a_duplicate_of_the_first(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        first = await client.post(PATH, json=purchase())
        again = await client.post(PATH, json=purchase(amount={"amount": "1", "currency": "EUR"}))
        assert (again.status_code, again.json()) == (200, first.json() | {"duplicate": True})
        assert len(await customers.emitted(account, ActivityRecorded)) == 1

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"amount": {"amount": "-1", "currency": "EUR"}}, "/amount"),
            ({"kind": "custom"}, ""),
            ({"name": "downloaded"}, ""),
            ({"customer": {"name": "Ana"}}, "/customer"),
            ({"customer": {"email": "nobody"}}, "/customer/email"),
            ({"customer": {"id": str(new_id())}}, "/customer/id"),
            ({"occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
            ({"occurred_at": "2026-01-01T00:00:00"}, "/occurred_at"),
            ({"properties": {"a": 2**70}}, "/properties"),
            ({"properties": {"a": "x" * 20_000}}, "/properties"),
            ({"properties": {"a": ["b\x00"]}}, "/properties/a/0"),
        ],
    )
    async def test_names_the_field_that_is_wrong(
        self, customers: Harness, account: UUID, changes: dict[str, Any], pointer: str
    ) -> None:
        response = await customers.client(account=account).post(PATH, json=purchase(**changes))
        assert (response.status_code, [e["pointer"] for e in response.json()["errors"]]) == (422, [pointer])
        assert await customers.emitted(account) == []


class TestReading:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(PATH)).status_code == 401
        assert (await customers.anonymous().get(f"{PATH}/{new_id()}")).status_code == 401

    async def test_of_another_account_finds_nothing(self, customers: Harness, account: UUID) -> None:
        recorded = (await customers.client(account=account).post(PATH, json=purchase())).json()
        other = customers.client(account=new_id())
        assert (await other.get(f"{PATH}/{recorded['id']}")).status_code == 404
        assert (await other.get(PATH)).json()["data"] == []

    async def test_gives_back_what_was_sent(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        sent = purchase(touchpoint="web-shop", properties={"lines": [{"sku": "a"}]}, occurred_at="2020-02-29T12:00:00Z")
        recorded = (await client.post(PATH, json=sent)).json()
        response = await client.get(f"{PATH}/{recorded['id']}")
        assert response.headers["etag"] == '"1"'
        assert response.json() == {
            **{name: sent[name] for name in ("kind", "touchpoint", "properties", "occurred_at", "source", "source_id")},
            "id": recorded["id"],
            "customer_id": recorded["customer_id"],
            "origin_customer_id": recorded["customer_id"],
            "name": None,
            "amount": {"amount": "49.90", "currency": "EUR"},
            "received_at": response.json()["received_at"],
            "version": 1,
        }

    async def test_filters_and_orders_by_when_it_happened(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for day in (3, 1, 2):
            sent = purchase(source_id=f"o-{day}", occurred_at=f"2026-01-0{day}T00:00:00Z")
            await client.post(PATH, json=sent)
        await client.post(PATH, json=purchase(kind="custom", name="downloaded", source_id="d-1"))
        window = {"kind": "purchase", "from": "2026-01-02T00:00:00Z", "to": "2026-01-03T00:00:00Z"}
        assert [a["source_id"] for a in (await client.get(PATH, params=window)).json()["data"]] == ["o-2"]
        every = (await client.get(PATH)).json()["data"]
        assert [a["source_id"] for a in every] == ["d-1", "o-3", "o-2", "o-1"]
        named = await client.get(PATH, params={"name": "downloaded"})
        assert [a["source_id"] for a in named.json()["data"]] == ["d-1"]


class TestCorrecting:
    async def test_takes_a_higher_version_and_tells_the_whole_again(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        first = (await client.post(PATH, json=purchase())).json()
        right = purchase(
            version=2, amount={"amount": "39.90", "currency": "EUR"}, customer={"email": "ben@example.com"}
        )
        corrected = await client.post(PATH, json=right)
        assert (corrected.status_code, corrected.json()["corrected"]) == (200, True)
        read = (await client.get(f"{PATH}/{first['id']}")).json()
        assert (read["amount"]["amount"], read["version"]) == ("39.90", 2)
        assert read["customer_id"] != first["customer_id"]
        [told] = await customers.emitted(account, ActivityCorrected)
        assert isinstance(told.data, ActivityCorrected)
        assert (str(told.data.activity_id), str(told.data.customer_id)) == (first["id"], read["customer_id"])
        assert told.aggregate_version == 2

    @pytest.mark.parametrize("version", [1, 2])
    async def test_ignores_the_version_it_has_and_older_ones(
        self, customers: Harness, account: UUID, version: int
    ) -> None:
        client = customers.client(account=account)
        await client.post(PATH, json=purchase(version=2))
        old = await client.post(PATH, json=purchase(version=version, amount={"amount": "1", "currency": "EUR"}))
        assert old.json()["duplicate"]
        assert [a["amount"]["amount"] for a in (await client.get(PATH)).json()["data"]] == ["49.90"]
        assert await customers.emitted(account, ActivityCorrected) == []

    async def test_cannot_move_what_has_happened_into_the_future(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await client.post(PATH, json=purchase())
        later = (customers.clock.now() + timedelta(days=3)).isoformat()
        response = await client.post(PATH, json=purchase(version=2, occurred_at=later))
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, "/occurred_at")


class TestWhatIsStillToCome:
    async def test_is_told_when_it_happens(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        at = customers.clock.now() + timedelta(days=3)
        visit = purchase(kind="visit", amount=None, occurred_at=at.isoformat())
        recorded = (await client.post(PATH, json=visit)).json()
        totals = f"/v1/customers/{recorded['customer_id']}/activity-totals"
        await customers.run_timers()
        assert await customers.emitted(account, ActivityRecorded) == []
        assert (await client.get(totals)).json()["count"] == 0
        customers.clock.advance(timedelta(days=3))
        await customers.run_timers()
        [told] = await customers.emitted(account, ActivityRecorded)
        assert isinstance(told.data, ActivityRecorded)
        assert told.data.occurred_at == at
        assert (await client.get(totals)).json()["count"] == 1

    async def test_is_told_at_the_time_that_a_correction_says(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        now = customers.clock.now()
        for version, days in ((1, 3), (2, 5)):
            at = (now + timedelta(days=days)).isoformat()
            await client.post(PATH, json=purchase(kind="visit", amount=None, version=version, occurred_at=at))
        customers.clock.advance(timedelta(days=4))
        await customers.run_timers()
        assert await customers.emitted(account, ActivityRecorded, ActivityCorrected) == []
        customers.clock.advance(timedelta(days=1))
        await customers.run_timers()
        assert len(await customers.emitted(account, ActivityRecorded, ActivityCorrected)) == 1

    async def test_that_happened_earlier_after_all_is_told_at_once_and_once(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        at = (customers.clock.now() + timedelta(days=3)).isoformat()
        await client.post(PATH, json=purchase(kind="visit", amount=None, occurred_at=at))
        await client.post(PATH, json=purchase(kind="visit", amount=None, version=2))
        customers.clock.advance(timedelta(days=4))
        await customers.run_timers()
        assert len(await customers.emitted(account, ActivityRecorded)) == 1

    async def test_and_was_deleted_is_never_told(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        at = (customers.clock.now() + timedelta(days=3)).isoformat()
        recorded = (await client.post(PATH, json=purchase(occurred_at=at))).json()
        assert (await client.delete(f"{PATH}/{recorded['id']}")).status_code == 204
        customers.clock.advance(timedelta(days=4))
        await customers.run_timers()
        assert await customers.emitted(account, ActivityRecorded, ActivityDeleted) == []

    async def test_by_minutes_only_is_a_clock_ahead_of_ours(self, customers: Harness, account: UUID) -> None:
        at = (customers.clock.now() + timedelta(minutes=4)).isoformat()
        await customers.client(account=account).post(PATH, json=purchase(occurred_at=at))
        [told] = await customers.emitted(account, ActivityRecorded)
        assert isinstance(told.data, ActivityRecorded)
        assert told.data.occurred_at == customers.clock.now()


class TestDeleting:
    async def test_needs_a_credential_and_the_right_account(self, customers: Harness, account: UUID) -> None:
        recorded = (await customers.client(account=account).post(PATH, json=purchase())).json()
        path = f"{PATH}/{recorded['id']}"
        assert (await customers.anonymous().delete(path)).status_code == 401
        assert (await customers.client(account=new_id()).delete(path)).status_code == 404

    async def test_is_told_and_lasts(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        recorded = (await client.post(PATH, json=purchase())).json()
        path = f"{PATH}/{recorded['id']}"
        assert (await client.delete(path, headers={"If-Match": '"7"'})).status_code == 412
        assert (await client.delete(path, headers={"If-Match": '"1"'})).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert len(await customers.emitted(account, ActivityDeleted)) == 1
        again = await client.post(PATH, json=purchase(version=9))
        assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "deleted")


class TestTotals:
    async def test_need_a_credential_and_the_right_account(self, customers: Harness, account: UUID) -> None:
        recorded = (await customers.client(account=account).post(PATH, json=purchase())).json()
        path = f"/v1/customers/{recorded['customer_id']}/activity-totals"
        assert (await customers.anonymous().get(path)).status_code == 401
        assert (await customers.client(account=new_id()).get(path)).status_code == 404

    async def test_add_up_by_currency_and_follow_late_ones_and_corrections(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        recorded = (await client.post(PATH, json=purchase())).json()
        path = f"/v1/customers/{recorded['customer_id']}/activity-totals"
        euros, francs = ({"amount": "10.1", "currency": "EUR"}, {"amount": "0.0001", "currency": "CHF"})
        await client.post(PATH, json=purchase(source_id="late", occurred_at="2019-05-01T00:00:00Z", amount=francs))
        await client.post(PATH, json=purchase(kind="refund", source_id="back", amount=euros))
        await client.post(PATH, json=purchase(version=2, amount={"amount": "49.95", "currency": "EUR"}))
        found = (await client.get(path)).json()
        assert found["lifetime_value"] == [
            {
                "purchases": {"amount": "0.0001", "currency": "CHF"},
                "refunds": {"amount": "0.00", "currency": "CHF"},
                "net": {"amount": "0.0001", "currency": "CHF"},
            },
            {
                "purchases": {"amount": "49.95", "currency": "EUR"},
                "refunds": {"amount": "10.10", "currency": "EUR"},
                "net": {"amount": "39.85", "currency": "EUR"},
            },
        ]
        assert (found["count"], found["first_at"]) == (3, "2019-05-01T00:00:00Z")
        assert [(kind["kind"], kind["count"]) for kind in found["kinds"]] == [("purchase", 2), ("refund", 1)]

    async def test_follow_a_merge_and_its_end(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        people = [
            (await client.post(PATH, json=purchase(source_id=name, customer={"email": f"{name}@example.com"}))).json()
            for name in ("ana", "ana2")
        ]
        kept, merged = (person["customer_id"] for person in people)
        path = f"/v1/customers/{kept}/activity-totals"
        for to, count, version in ((UUID(kept), 2, 2), (None, 1, 3)):
            async with customers.work(account) as work:
                await MERGED_CUSTOMERS.point(work, UUID(merged), to, version=version)
            assert (await client.get(path)).json()["count"] == count

    async def test_of_a_deleted_customer_are_gone_with_the_activities(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        recorded = (await client.post(PATH, json=purchase())).json()
        assert (await client.delete(f"/v1/customers/{recorded['customer_id']}")).status_code == 204
        assert (await client.get(PATH)).json()["data"] == []
