"""Segments as people see them."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.customers import SegmentChanged
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.customers.segments.building import PATH, attribute, customer, segment
from tests.customers.segments.test_following import said

PERSONA: dict[str, Any] = {
    "summary": "Climbs twice a week and buys for a season.",
    "goals": ["Come back unhurt"],
    "pains": ["Sizes that run small"],
    "quotes": ["I hang my life on it."],
    "picture": {"emoji": "🧗", "colour": "#2f6f4e"},
}


class TestPersonas:
    async def test_need_a_credential(self, customers: Harness) -> None:
        assert (await customers.anonymous().get("/v1/personas")).status_code == 401
        assert (await customers.anonymous().put(f"{PATH}/{new_id()}/persona", json=PERSONA)).status_code == 401

    async def test_of_another_account_are_not_found(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        segment_id = await segment(client, "Climbers", attribute("sport", "climbing"))
        assert (await other.put(f"{PATH}/{segment_id}/persona", json=PERSONA)).status_code == 404
        assert (await client.put(f"{PATH}/{segment_id}/persona", json=PERSONA)).status_code == 200
        assert (await other.get("/v1/personas")).json()["data"] == []

    async def test_have_a_picture_members_and_their_latest_scores(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        people = [await customer(client, name, attributes={"sport": "climbing"}) for name in ("ana", "bo", "cy")]
        outsider = await customer(client, "di")
        segment_id = await segment(client, "Climbers", attribute("sport", "climbing"))
        await customers.run_timers()
        for whose, score in ((people[0], 2), (people[0], 10), (people[1], 9), (people[2], 4), (outsider, 0)):
            await customers.deliver(said(customers, whose, score), account=account)
        put = await client.put(f"{PATH}/{segment_id}/persona", json=PERSONA, headers={"If-Match": '"1"'})
        assert put.json()["persona"] == PERSONA
        [persona] = (await client.get("/v1/personas")).json()["data"]
        assert persona == put.json() == (await client.get(f"{PATH}/{segment_id}/persona")).json()
        assert persona["members"] == 3
        assert persona["nps"] == {"score": 33.3, "n": 3, "promoters": 2, "detractors": 1, "insufficient": True}
        changed = (await customers.emitted(account, SegmentChanged))[-1]
        assert isinstance(changed.data, SegmentChanged)
        assert (changed.data.is_persona, changed.aggregate_version) == (True, 2)

    async def test_are_segments_still_when_their_description_goes(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Climbers", attribute("sport", "climbing"))
        assert (await client.delete(f"{PATH}/{segment_id}/persona")).status_code == 404
        await client.put(f"{PATH}/{segment_id}/persona", json=PERSONA)
        stale = {"If-Match": '"1"'}
        assert (await client.delete(f"{PATH}/{segment_id}/persona", headers=stale)).status_code == 412
        assert (await client.delete(f"{PATH}/{segment_id}/persona")).status_code == 204
        assert (await client.get("/v1/personas")).json()["data"] == []
        assert (await client.get(f"{PATH}/{segment_id}")).json()["is_persona"] is False

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"picture": {"emoji": "x" * 17, "colour": "#2f6f4e"}}, "/picture/emoji"),
            ({"picture": {"emoji": "🧗", "colour": "javascript:"}}, "/picture/colour"),
            ({"goals": ["x"] * 21}, "/goals"),
            ({"goals": [" "]}, "/goals/0"),
            ({"summary": " "}, "/summary"),
            ({"summary": ""}, "/summary"),
            ({"image": "https://example.com/a.png"}, "/image"),
        ],
    )
    async def test_name_the_field_that_is_wrong(
        self, customers: Harness, account: UUID, changes: dict[str, Any], pointer: str
    ) -> None:
        client = customers.client(account=account)
        segment_id = await segment(client, "Climbers", attribute("sport", "climbing"))
        refused = await client.put(f"{PATH}/{segment_id}/persona", json=PERSONA | changes)
        assert (refused.status_code, [e["pointer"] for e in refused.json()["errors"]]) == (422, [pointer])
