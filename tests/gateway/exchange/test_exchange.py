"""Credential in, token out."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from sqlalchemy import event, update

from services.gateway.api_keys import service as api_keys
from services.gateway.api_keys.models import APIKey
from services.gateway.api_keys.schemas import NewAPIKey
from services.gateway.exchange.credentials import Credential, UnknownCredential
from services.gateway.exchange.service import exchange_of
from shared.auth.scopes import ALL
from shared.bus.events import Actor
from shared.contracts.base import ActorKind

if TYPE_CHECKING:
    from shared.testing.harness import Harness
    from tests.gateway.conftest import Business


class TestAKey:
    async def test_becomes_a_token_of_its_account_with_its_scopes(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        async with gateway.work(business.account_id) as work:
            key, secret = await api_keys.create(
                work, NewAPIKey(name="till", scopes=["tickets:read"]), caller_scopes=ALL
            )
        exchanged = await exchange_of(gateway.runtime).exchange(Credential("key", secret))
        principal = gateway.runtime.verifier.verify(exchanged.token, now=gateway.clock.now())
        assert principal.account_id == business.account_id
        assert principal.scopes == {"tickets:read"}
        assert principal.actor == Actor(ActorKind.PARTNER, str(key.id))
        assert principal.credential == f"key:{key.id}"

    async def test_that_expired_is_refused_at_that_instant_even_if_it_is_remembered(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        ends = gateway.clock.now() + timedelta(seconds=5)
        async with gateway.work(business.account_id) as work:
            _, secret = await api_keys.create(
                work, NewAPIKey(name="till", scopes=["tickets:read"], expires_at=ends), caller_scopes=ALL
            )
        exchange = exchange_of(gateway.runtime)
        await exchange.exchange(Credential("key", secret))
        gateway.clock.advance(timedelta(seconds=5))
        with pytest.raises(UnknownCredential):
            await exchange.exchange(Credential("key", secret))

    async def test_that_was_revoked_elsewhere_stops_working_within_twenty_seconds(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        exchange = exchange_of(gateway.runtime)
        await exchange.exchange(Credential("key", business.api_key))
        async with gateway.work(business.account_id) as work:
            await work.session.execute(update(APIKey).values(revoked_at=work.now))
        await exchange.exchange(Credential("key", business.api_key))
        gateway.clock.advance(timedelta(seconds=20))
        with pytest.raises(UnknownCredential):
            await exchange.exchange(Credential("key", business.api_key))

    async def test_knows_when_it_was_last_used(self, gateway: "Harness", business: "Business") -> None:
        await exchange_of(gateway.runtime).exchange(Credential("key", business.api_key))
        async with gateway.work(business.account_id) as work:
            key = (await work.session.execute(APIKey.__table__.select())).one()
        assert key.last_used_at == gateway.clock.now()

    async def test_is_looked_up_once_for_many_requests_at_the_same_time(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        asked: list[str] = []

        def count(connection: object, cursor: object, statement: str, *rest: object) -> None:
            if "find_key" in statement:
                asked.append(statement)

        engine = gateway.runtime.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", count)
        credential = Credential("key", business.api_key)
        exchange = exchange_of(gateway.runtime)
        found = await asyncio.gather(*(exchange.exchange(credential) for _ in range(50)))
        assert len({one.token for one in found}) == 1
        assert len(asked) == 1

    async def test_is_stored_as_a_hash_only(self, gateway: "Harness", business: "Business") -> None:
        async with gateway.work(business.account_id) as work:
            key = (await work.session.execute(APIKey.__table__.select())).one()
        assert business.api_key not in str(key)
        assert len(key.key_hash) == 32
        assert business.api_key.startswith(key.hint)


class TestLookUpBeforeTheAccountIsKnown:
    async def test_the_services_own_role_sees_no_keys_without_an_account(
        self, gateway: "Harness", business: "Business"
    ) -> None:
        async with gateway.runtime.database.transaction(None) as session:
            assert (await session.execute(APIKey.__table__.select())).all() == []

    async def test_another_accounts_work_does_not_see_them_either(
        self, gateway: "Harness", business: "Business", open_business: Callable[[], Awaitable["Business"]]
    ) -> None:
        other = await open_business()
        async with gateway.work(other.account_id) as work:
            found = (await work.session.scalars(APIKey.__table__.select().with_only_columns(APIKey.account_id))).all()
        assert set(found) == {other.account_id}


class TestInternalExchange:
    async def test_an_anonymous_caller_gets_no_token(self, edge_door: httpx.AsyncClient) -> None:
        answer = await edge_door.get("/internal/exchange")
        assert answer.status_code == 204
        assert "x-heed-token" not in answer.headers

    async def test_a_key_gets_a_token(
        self, gateway: "Harness", edge_door: httpx.AsyncClient, business: "Business"
    ) -> None:
        answer = await edge_door.get("/internal/exchange", headers={"Authorization": f"Bearer {business.api_key}"})
        assert answer.status_code == 204
        principal = gateway.runtime.verifier.verify(answer.headers["x-heed-token"], now=gateway.clock.now())
        assert principal.account_id == business.account_id

    @pytest.mark.parametrize(
        "authorization",
        ["Bearer hk_" + "x" * 43, "Bearer hk_", "Bearer", "Basic YTpi", "Bearer " + "x" * 100_000, "Bearer a.b.c", "x"],
    )
    async def test_a_bad_credential_is_refused(self, edge_door: httpx.AsyncClient, authorization: str) -> None:
        answer = await edge_door.get("/internal/exchange", headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert answer.json()["code"] == "unauthenticated"

    async def test_two_credentials_are_refused(self, edge_door: httpx.AsyncClient, business: "Business") -> None:
        both = [("Authorization", f"Bearer {business.api_key}"), ("Authorization", "Bearer hk_other")]
        assert (await edge_door.get("/internal/exchange", headers=both)).status_code == 401

    async def test_it_is_not_there_when_the_gateway_is_the_edge_itself(
        self, door: httpx.AsyncClient, business: "Business"
    ) -> None:
        answer = await door.get("/internal/exchange", headers={"Authorization": f"Bearer {business.api_key}"})
        assert answer.status_code == 404
