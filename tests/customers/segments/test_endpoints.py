"""Segments as the account makes them."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.customers import SegmentChanged, SegmentDeleted
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.segments.building import PATH, PURCHASES, attribute, customer, members, segment, told

GOLD = attribute("plan", "gold")


class TestMaking:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(PATH, json={"name": "Gold", "condition": GOLD})).status_code == 401

    async def test_of_another_account_finds_nothing(self, customers: Harness, account: UUID) -> None:
        segment_id = await segment(customers.client(account=account), "Gold", GOLD)
        other = customers.client(account=new_id())
        assert (await other.get(f"{PATH}/{segment_id}")).status_code == 404
        assert (await other.get(PATH)).json()["data"] == []
        named = {"type": "segment", "segment_id": str(segment_id)}
        refused = await other.post(PATH, json={"name": "Theirs", "condition": named})
        assert [e["pointer"] for e in refused.json()["errors"]] == ["/condition/segment_id"]

    async def test_finds_its_members_and_tells_of_them(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana", attributes={"plan": "gold"})
        await customer(client, "bo", attributes={"plan": "silver"})
        segment_id = await segment(client, "Gold", GOLD)
        assert (await client.get(f"{PATH}/{segment_id}")).json()["state"] == "building"
        await customers.run_timers()
        found = (await client.get(f"{PATH}/{segment_id}")).json()
        assert (found["state"], found["progress"]) == ("ready", {"done": 2, "of": 2})
        assert await members(client, segment_id) == {"ana"}
        assert await told(customers, account, segment_id) == {ana}
        [changed] = await customers.emitted(account, SegmentChanged)
        assert changed.data == SegmentChanged(segment_id=segment_id, name="Gold", kind="dynamic", is_persona=False)
        belongs = (await client.get(f"/v1/customers/{ana}/segments")).json()["data"]
        assert [one["name"] for one in belongs] == ["Gold"]

    async def test_another_of_the_same_name_is_refused(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await segment(client, "Gold", GOLD)
        refused = await client.post(PATH, json={"name": "GOLD", "condition": GOLD})
        assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")

    async def test_names_every_problem_at_once(self, customers: Harness, account: UUID) -> None:
        wrong = {
            "type": "all",
            "conditions": [
                {"type": "activity", "kind": "buying", "within_days": 0},
                {"type": "not", "condition": attribute("plan", "gold", "one_of")},
                {"type": "activity", "measure": "sum"},
                {"type": "feedback", "measure": "last"},
                {"type": "metric"},
                attribute("plan", ["g"]),
                {"type": "attribute", "name": "plan", "op": "gt"},
                {"type": "any", "conditions": []},
                {"type": "activity", "measure": "sum", "within_days": -3},
                {"type": "activity", "kind": "purchase", "name": "tasting", "currency": "EUR", "value": -1},
                {"type": "feedback", "measure": "average", "op": "is", "within_days": 0},
            ],
        }
        refused = await customers.client(account=account).post(PATH, json={"name": "Odd", "condition": wrong})
        assert refused.status_code == 422
        assert [e["pointer"].removeprefix("/condition/conditions/") for e in refused.json()["errors"]] == [
            "0/within_days",
            "0/kind",
            "1/condition/value",
            "2",
            "3/measure",
            "4",
            "5/value",
            "6/value",
            "7/conditions",
            "8/within_days",
            "8",
            "9/value",
            "9/name",
            "9/currency",
            "10/within_days",
            "10/op",
            "10/measure",
        ]

    async def test_takes_no_nul(self, customers: Harness, account: UUID) -> None:
        wrong = {"type": "not", "condition": attribute("plan", "g\x00")}
        refused = await customers.client(account=account).post(PATH, json={"name": "Odd", "condition": wrong})
        assert [e["pointer"] for e in refused.json()["errors"]] == ["/condition/condition/value"]

    @pytest.mark.parametrize(("depth", "width"), [(11, 1), (200, 1), (2, 101)])
    async def test_does_not_lose_itself_in_a_condition(
        self, customers: Harness, account: UUID, depth: int, width: int
    ) -> None:
        condition: Any = {"type": "any", "conditions": [GOLD] * width}
        for _ in range(depth - 2):
            condition = {"type": "not", "condition": condition}
        refused = await customers.client(account=account).post(PATH, json={"name": "Deep", "condition": condition})
        assert refused.status_code in (400, 422)

    async def test_needs_a_condition_or_none(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for body in ({"name": "A"}, {"name": "A", "kind": "static", "condition": GOLD}):
            assert (await client.post(PATH, json=body)).status_code == 422

    async def test_says_that_the_condition_is_missing_beside_what_else_is_wrong(
        self, customers: Harness, account: UUID
    ) -> None:
        refused = await customers.client(account=account).post(PATH, json={"name": " "})
        assert [e["pointer"] for e in refused.json()["errors"]] == ["/name", ""]


class TestChanging:
    async def test_another_condition_brings_others_in(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await customer(client, "ana", attributes={"plan": "gold"})
        bo = await customer(client, "bo", attributes={"plan": "silver"})
        segment_id = await segment(client, "Plan", GOLD)
        await customers.run_timers()
        changed = await client.patch(f"{PATH}/{segment_id}", json={"condition": attribute("plan", "silver")})
        assert (changed.json()["state"], changed.headers["ETag"]) == ("building", '"2"')
        await customers.run_timers()
        assert await members(client, segment_id) == {"bo"}
        assert await told(customers, account, segment_id) == {bo}

    async def test_the_same_condition_builds_nothing(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Plan", GOLD)
        await customers.run_timers()
        changed = await client.patch(f"{PATH}/{segment_id}", json={"condition": GOLD, "name": "Gold"})
        assert (changed.json()["state"], changed.json()["name"]) == ("ready", "Gold")

    async def test_a_cycle_is_refused_with_the_way_it_goes(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)

        def within(segment_id: UUID) -> dict[str, Any]:
            return {"type": "all", "conditions": [GOLD, {"type": "segment", "segment_id": str(segment_id)}]}

        first = await segment(client, "Loyal", GOLD)
        second = await segment(client, "Regular", within(first))
        third = await segment(client, "At risk", within(second))
        for last, way in ((third, "Loyal → At risk → Regular → Loyal"), (first, "Loyal → Loyal")):
            refused = await client.patch(f"{PATH}/{first}", json={"condition": within(last)})
            assert refused.status_code == 422
            [problem] = refused.json()["errors"]
            assert problem == {
                "pointer": "/condition/conditions/1/segment_id",
                "code": "cycle",
                "detail": f"Nobody could say who belongs: {way}.",
            }
        assert (await client.get(f"{PATH}/{first}")).json()["condition"] == {**GOLD}

    async def test_of_an_older_version_is_refused(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Gold", GOLD)
        stale = await client.patch(f"{PATH}/{segment_id}", json={"name": "A"}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412

    @pytest.mark.parametrize("body", [{"name": None}, {"condition": None}])
    async def test_cannot_take_away_what_it_needs(
        self, customers: Harness, account: UUID, body: dict[str, Any]
    ) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Gold", GOLD)
        assert (await client.patch(f"{PATH}/{segment_id}", json=body)).status_code == 422


class TestDeleting:
    async def test_is_refused_while_another_asks_for_it(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        first = await segment(client, "Gold", GOLD)
        second = await segment(client, "Best", {"type": "segment", "segment_id": str(first)})
        refused = await client.delete(f"{PATH}/{first}")
        assert (refused.status_code, refused.json()["code"]) == (409, "segment_in_use")
        assert "Best" in refused.json()["detail"]
        assert (await client.delete(f"{PATH}/{second}")).status_code == 204
        assert (await client.delete(f"{PATH}/{first}")).status_code == 204
        assert (await client.get(f"{PATH}/{first}")).status_code == 404
        gone = await customers.emitted(account, SegmentDeleted)
        assert [event.data for event in gone] == [SegmentDeleted(segment_id=second), SegmentDeleted(segment_id=first)]

    async def test_takes_its_members_with_it(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = await customer(client, "ana", attributes={"plan": "gold"})
        segment_id = await segment(client, "Gold", GOLD)
        await customers.run_timers()
        await client.delete(f"{PATH}/{segment_id}")
        await customers.run_timers()
        assert (await client.get(f"/v1/customers/{ana}/segments")).json()["data"] == []


class TestPreview:
    async def test_needs_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().post(f"{PATH}/preview", json={"condition": GOLD})).status_code == 401

    async def test_counts_and_shows_some_before_anything_is_saved(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for number in range(12):
            await customer(client, f"gold{number}", attributes={"plan": "gold"})
        await customer(client, "bo")
        found = (await client.post(f"{PATH}/preview", json={"condition": GOLD})).json()
        assert (found["members"], found["customers"]) == (12, 13)
        assert [person["name"] for person in found["sample"]] == [f"gold{number}" for number in range(11, 1, -1)]
        assert (await client.get(PATH)).json()["data"] == []

    async def test_is_of_one_account_only(self, customers: Harness, account: UUID) -> None:
        await customer(customers.client(account=account), "ana", attributes={"plan": "gold"})
        other = customers.client(account=new_id())
        found = (await other.post(f"{PATH}/preview", json={"condition": GOLD})).json()
        assert found == {"members": 0, "customers": 0, "sample": []}

    async def test_names_segments_that_are_not_there(self, customers: Harness, account: UUID) -> None:
        nowhere = {"type": "not", "condition": {"type": "segment", "segment_id": str(new_id())}}
        client = customers.client(account=account)
        refused = await client.post(
            f"{PATH}/preview", json={"condition": {"type": "any", "conditions": [PURCHASES, nowhere]}}
        )
        assert [e["pointer"] for e in refused.json()["errors"]] == ["/condition/conditions/1/condition/segment_id"]
