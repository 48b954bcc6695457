"""Customers and segments for the tests of segments."""

from typing import Any
from uuid import UUID

import httpx

from shared.contracts.customers import SegmentMembershipChanged
from shared.testing.harness import Harness

PATH = "/v1/segments"
PURCHASES: dict[str, Any] = {"type": "activity", "kind": "purchase"}
DETRACTOR: dict[str, Any] = {"type": "feedback", "scheme": "nps", "band": "negative", "within_days": 90}


def attribute(name: str, value: Any, op: str = "eq") -> dict[str, Any]:
    return {"type": "attribute", "name": name, "op": op, "value": value}


async def customer(client: httpx.AsyncClient, name: str, **fields: Any) -> UUID:
    """A customer, known by `name@example.com`; a second call changes the one of the first."""
    answer = await client.post("/v1/customers", json={"email": f"{name}@example.com", "name": name, **fields})
    assert answer.status_code in (200, 201), answer.text
    return UUID(answer.json()["id"])


async def segment(client: httpx.AsyncClient, name: str, condition: Any) -> UUID:
    """A dynamic one, not yet built."""
    answer = await client.post(PATH, json={"name": name, "condition": condition})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def members(client: httpx.AsyncClient, segment_id: UUID) -> set[str]:
    """Names of those who belong; what else tells how many there are must agree."""
    listed = (await client.get(f"{PATH}/{segment_id}/members")).json()["data"]
    assert (await client.get(f"{PATH}/{segment_id}")).json()["members"] == len(listed)
    return {member["name"] for member in listed}


async def hear(service: Harness, account: UUID) -> None:
    """Have the service hear what it has said itself; what it has heard before changes nothing."""
    await service.deliver_raw([event.raw for event in await service.emitted(account)])


async def told(service: Harness, account: UUID, segment_id: UUID) -> set[UUID]:
    """Who belongs according to the events; an event that says what was so already is a failure."""
    there: set[UUID] = set()
    last = 0
    for event in await service.emitted(account, SegmentMembershipChanged):
        data = event.data
        assert isinstance(data, SegmentMembershipChanged)
        if data.segment_id == segment_id:
            assert event.aggregate_version == (last := last + 1)
            assert not there & set(data.entered)
            assert there >= set(data.left)
            there = (there | set(data.entered)) - set(data.left)
    return there
