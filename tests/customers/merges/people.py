"""Small words for tests about who is who."""

from typing import Any
from uuid import UUID

import httpx

from shared.contracts.survey import CustomerReference, CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness


async def add(client: httpx.AsyncClient, **fields: Any) -> str:
    response = await client.post("/v1/customers", json=fields)
    assert response.status_code in (200, 201), response.text
    found: str = response.json()["id"]
    return found


async def read(client: httpx.AsyncClient, customer_id: str) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get(f"/v1/customers/{customer_id}")).json()
    return answer


async def merge(client: httpx.AsyncClient, one: str, other: str, **wish: Any) -> dict[str, Any]:
    response = await client.post(f"/v1/customers/{one}/merge", json={"customer_id": other, **wish})
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def unmerge(client: httpx.AsyncClient, kept: str, merged: str) -> httpx.Response:
    return await client.post(f"/v1/customers/{kept}/unmerge", json={"customer_id": merged})


async def identities(client: httpx.AsyncClient, customer_id: str) -> dict[str, dict[str, Any]]:
    found = (await client.get(f"/v1/customers/{customer_id}/identities")).json()["data"]
    return {item["value"]: item for item in found}


async def suggested(client: httpx.AsyncClient, **params: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/v1/customers/merge-suggestions", params=params)).json()["data"]
    return found


async def sight(customers: Harness, account: UUID, **named: Any) -> UUID:
    """An answer to a survey names somebody; returns the sighting's id."""
    sighting_id = new_id()
    sighted = CustomerSighted(sighting_id=sighting_id, customer=CustomerReference(**named))
    await customers.deliver(sighted, account=account, subject=sighting_id)
    return sighting_id
