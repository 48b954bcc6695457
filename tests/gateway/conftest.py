"""One business with an owner and a key, and the door that its callers come through."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.ids import new_id

if TYPE_CHECKING:
    from shared.testing.harness import Harness


@dataclass(frozen=True, slots=True)
class Business:
    account_id: UUID
    owner_id: UUID
    email: str
    password: str
    api_key: str


class Echo:
    """Stands for another service: answers with what reached it."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"echo"})

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.scopes[-1]["headers"]}


@pytest.fixture
async def gateway(harness: Callable[..., Awaitable["Harness"]]) -> "Harness":
    from services.gateway.app import SERVICE

    return await harness(SERVICE)


@pytest.fixture
async def open_business(gateway: "Harness") -> Callable[[], Awaitable[Business]]:
    from services.gateway.accounts.service import open_account
    from services.gateway.users.passwords import passwords_of
    from services.gateway.users.schemas import NewUser, Role

    async def make() -> Business:
        password = secrets.token_urlsafe(12)
        owner = NewUser(email=f"owner-{secrets.token_hex(6)}@example.com", name="Olga Owner", role=Role.OWNER)
        password_hash = await passwords_of(gateway.runtime).hash(password)
        async with gateway.work(new_id()) as work:
            opened = await open_account(
                work, name="Corner shop", locale="en", timezone="UTC", owner=owner, password_hash=password_hash
            )
        return Business(work.account_id, opened.owner.id, owner.email, password, opened.api_key)

    return make


@pytest.fixture
async def business(open_business: Callable[[], Awaitable[Business]]) -> Business:
    return await open_business()


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
async def door(gateway: "Harness", echo: Echo) -> AsyncIterator[httpx.AsyncClient]:
    """Everything in one process: the real gateway, and an echo for each other service."""
    from services.gateway.front_door import create_front_door

    others: Mapping[str, Any] = dict.fromkeys(("customers", "survey", "tickets", "metrics", "notifier"), echo)
    async with client_of(create_front_door(gateway.runtime, {**others, "gateway": gateway.app})) as client:
        yield client


@pytest.fixture
async def edge_door(gateway: "Harness") -> AsyncIterator[httpx.AsyncClient]:
    """Behind nginx: the gateway alone."""
    from services.gateway.front_door import create_front_door

    async with client_of(create_front_door(gateway.runtime, {"gateway": gateway.app})) as client:
        yield client


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """From an address of its own: sign-ins are counted by address, and the clocks of all tests show the same minute."""
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://localhost:8000")
