"""Why a customer is in or out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.segments.building import PATH, PURCHASES, attribute, customer, hear, segment

DAY = timedelta(days=1)
CONDITION: dict[str, Any] = {
    "type": "all",
    "conditions": [
        attribute("seats", 5, "gte"),
        {"type": "not", "condition": PURCHASES | {"within_days": 30, "value": 2}},
        {"type": "feedback", "scheme": "nps", "measure": "last", "value": 9},
    ],
}


def path(segment_id: UUID, customer_id: UUID) -> str:
    return f"{PATH}/{segment_id}/members/{customer_id}/explain"


class TestExplaining:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get(path(new_id(), new_id()))).status_code == 401

    async def test_of_another_account_finds_nothing(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        segment_id, ana = await segment(client, "Big", CONDITION), await customer(client, "ana")
        assert (await other.get(path(segment_id, ana))).status_code == 404
        assert (await client.get(path(segment_id, await customer(other, "bo")))).status_code == 404

    async def test_says_of_each_condition_what_it_saw(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana", attributes={"seats": 12})
        segment_id = await segment(client, "Big", CONDITION)
        bought = await client.post("/v1/activities", json={"customer": {"id": str(ana)}, "kind": "purchase"})
        assert bought.status_code == 201
        await hear(customers, account)
        await customers.run_timers()
        found = (await client.get(path(segment_id, ana))).json()
        shown = [each.pop("condition") for each in found["looks_at"]]
        saved = (await client.get(f"{PATH}/{segment_id}")).json()["condition"]["conditions"]
        assert shown == [None, saved[0], None, saved[1]["condition"], saved[2]]
        assert [tuple(each.values()) for each in found["looks_at"]] == [
            ("", "all", False, None),
            ("/conditions/0", "attribute", True, 12),
            ("/conditions/1", "not", True, None),
            ("/conditions/1/condition", "activity", False, 1),
            ("/conditions/2", "feedback", False, None),
        ]
        assert (found["belongs"], found["entered_at"], found["left_out"]) == (False, None, None)

    async def test_says_since_when_and_until_when(self, customers: Harness, account: UUID) -> None:
        client, now = customers.client(account=account), customers.clock.now()
        ana = await customer(client, "ana")
        segment_id = await segment(client, "Recent", PURCHASES | {"within_days": 30})
        bought = {"customer": {"id": str(ana)}, "kind": "purchase", "occurred_at": (now - 10 * DAY).isoformat()}
        assert (await client.post("/v1/activities", json=bought)).status_code == 201
        await customers.run_timers()
        found = (await client.get(path(segment_id, ana))).json()
        assert found["belongs"] is True
        moments = [datetime.fromisoformat(found[name]) for name in ("entered_at", "review_at")]
        assert moments == [now, now + 20 * DAY]

    @pytest.mark.parametrize("why", ["restricted", "unwilling"])
    async def test_says_who_cannot_belong_at_all(self, customers: Harness, account: UUID, why: str) -> None:
        from services.customers.records.service import restrict

        client = customers.client(account=account)
        ana = await customer(client, "ana", attributes={"plan": "gold"})
        segment_id = await segment(client, "Gold", attribute("plan", "gold"))
        if why == "restricted":
            async with customers.work(account) as work:
                await restrict(work, ana, on=True)
        else:
            no = {"purpose": "analytics", "granted": False, "proof": {"source": "form"}}
            assert (await client.post(f"/v1/customers/{ana}/consents", json=no)).status_code == 201
        found = (await client.get(path(segment_id, ana))).json()
        assert (found["belongs"], found["left_out"], found["looks_at"]) == (False, why, [])
