"""How the system's tests make things over the API."""

from typing import Any
from uuid import UUID

import httpx

from shared.contracts.gateway import AccountCreated
from shared.testing.harness import Harness

Resources = dict[str, str]


async def made(client: httpx.AsyncClient, path: str, body: Any, status: int = 201) -> dict[str, Any]:
    """What the POST made. Raises `AssertionError`."""
    answer = await client.post(path, json=body)
    assert answer.status_code == status, f"POST {path}: {answer.status_code} {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


async def first(client: httpx.AsyncClient, path: str) -> str:
    """Id of the first item of a list."""
    identifier: str = (await client.get(path)).json()["data"][0]["id"]
    return identifier


async def hear_of_account(service: Harness, account: UUID) -> None:
    """What the service would have heard before anything else."""
    opened = AccountCreated(account_id=account, name="Corner shop", locale="en", timezone="UTC")
    await service.deliver(opened, account=account, subject=account)
