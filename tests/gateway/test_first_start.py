"""An empty system gets one account, once."""

import asyncio
import secrets
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from services.gateway.app import SERVICE
from services.gateway.exchange.credentials import Credential
from services.gateway.exchange.service import exchange_of
from services.gateway.first_start import FirstAccount, ensure_first_account
from shared.auth.scopes import ALL
from shared.bus.events import decode_event
from shared.contracts.gateway import AccountCreated, APIKeyCreated, UserAdded
from shared.service import Runtime, open_runtime

if TYPE_CHECKING:
    from shared.testing.databases import Databases


@pytest.fixture
async def empty(databases: "Databases") -> "Databases":
    """A system that nobody has used."""
    from shared.testing.databases import create_database

    fresh = await create_database(f"empty_{secrets.token_hex(4)}")
    await fresh.prepare(SERVICE)
    return fresh


def start(empty: "Databases") -> Runtime:
    return open_runtime(SERVICE, empty.settings(SERVICE))


class TestFirstStart:
    async def test_makes_an_account_that_its_key_opens(self, empty: "Databases") -> None:
        runtime = start(empty)
        kept: list[FirstAccount] = []
        first = await ensure_first_account(runtime, kept.append)
        assert first is not None
        assert kept == [first]
        principal = (await exchange_of(runtime).exchange(Credential("key", first.api_key))).principal
        assert (principal.account_id, principal.scopes) == (first.account_id, ALL)
        await runtime.database.close()

    async def test_tells_the_services_in_the_order_they_need(self, empty: "Databases") -> None:
        runtime = start(empty)
        await ensure_first_account(runtime)
        async with runtime.database.transaction(None) as session:
            outbox = runtime.database.tables.outbox
            bodies = (await session.scalars(select(outbox.c.body).order_by(outbox.c.position))).all()
        types = [decode_event(body).type for body in bodies]
        assert types == [AccountCreated.TYPE, UserAdded.TYPE, APIKeyCreated.TYPE]
        await runtime.database.close()

    async def test_a_second_start_makes_nothing(self, empty: "Databases") -> None:
        runtime = start(empty)
        assert await ensure_first_account(runtime) is not None
        assert await ensure_first_account(runtime) is None
        await runtime.database.close()

    async def test_several_at_once_make_one(self, empty: "Databases") -> None:
        runtimes = [start(empty) for _ in range(4)]
        made = await asyncio.gather(*(ensure_first_account(runtime) for runtime in runtimes))
        assert len([first for first in made if first is not None]) == 1
        for runtime in runtimes:
            await runtime.database.close()

    async def test_credentials_that_cannot_be_kept_leave_no_account_behind(self, empty: "Databases") -> None:
        runtime = start(empty)

        def disk_full(first: FirstAccount) -> None:
            raise OSError("no space left")

        with pytest.raises(OSError, match="no space"):
            await ensure_first_account(runtime, disk_full)
        assert await ensure_first_account(runtime) is not None
        await runtime.database.close()
