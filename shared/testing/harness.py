"""One service under test: its application, its handlers and its timers, on a real database, without its neighbours."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.auth.scopes import ALL
from shared.auth.tokens import Principal, TokenSigner
from shared.bus.consumer import deliver
from shared.bus.events import Actor, Event, decode_event, encode_event
from shared.bus.timers import run_due_timers
from shared.contracts.base import ActorKind, Payload
from shared.db.database import Database
from shared.ids import new_id
from shared.service import Runtime
from shared.testing.clock import FrozenClock
from shared.work import Work, open_work

TESTER = Actor(ActorKind.HUMAN, "tester")
# Of a pool, between tests. A server has a hundred connections for all services and workers.
MOST_KEPT = 3


class Borrowed(Database):
    """Of one application's settings, on connections that outlast it: connecting, and working out every statement once
    more, takes longer than most tests."""

    def __init__(self, own: Database, engine: AsyncEngine) -> None:
        self.__dict__.update(own.__dict__ | {"engine": engine})

    async def close(self) -> None:
        if self.engine.sync_engine.pool.checkedin() > MOST_KEPT:  # type: ignore[attr-defined]
            await self.engine.dispose()


class Pools:
    """Connections that tests share, for each service and size of its pool."""

    def __init__(self) -> None:
        self._engines: dict[tuple[str, str, int], AsyncEngine] = {}

    def share(self, runtime: Runtime) -> None:
        """Have it use the connections of the tests before it."""
        own = runtime.database
        key = (own.service, own.url, own.settings.database_pool_size)
        runtime.database = Borrowed(own, self._engines.setdefault(key, own.engine))

    async def end(self) -> None:
        for engine in self._engines.values():
            await engine.dispose()


class Harness:
    """Made by the `harness` fixture. Accounts are separate worlds, so tests share the database and clean nothing up."""

    def __init__(self, runtime: Runtime, app: FastAPI, clock: FrozenClock, signer: TokenSigner) -> None:
        self.runtime, self.app, self.clock = runtime, app, clock
        self._signer = signer
        self._clients = AsyncExitStack()

    def client(self, *scopes: str, account: UUID, actor: Actor = TESTER) -> httpx.AsyncClient:
        """Speaks to the application with a token of these scopes; all scopes if none are named."""
        principal = Principal(account, actor, frozenset(scopes) or ALL, f"test:{actor.id}")
        # Tests move the clock by days; whether tokens expire is the business of the tests of tokens.
        token = self._signer.sign(principal, now=self.clock.now(), lifetime=timedelta(days=400))
        return self._client({"Authorization": f"Bearer {token}"})

    def anonymous(self) -> httpx.AsyncClient:
        return self._client({})

    def _client(self, headers: dict[str, str]) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app)
        client = httpx.AsyncClient(transport=transport, base_url="http://heed.test", headers=headers)
        self._clients.push_async_callback(client.aclose)
        return client

    @asynccontextmanager
    async def work(self, account: UUID, actor: Actor = TESTER) -> AsyncIterator[Work]:
        """A Work that commits on leaving."""
        async with open_work(self.runtime.database, account, actor, clock=self.clock) as work:
            yield work

    async def emitted(self, account: UUID, *types: type[Payload]) -> list[Event[Payload]]:
        """What the account's transactions have put in the outbox, in order; only these types if any are named."""
        outbox = self.runtime.database.tables.outbox
        statement = select(outbox.c.body).where(outbox.c.account_id == account).order_by(outbox.c.position)
        async with self.runtime.database.transaction(None) as session:
            bodies = (await session.scalars(statement)).all()
        events = [decode_event(body) for body in bodies]
        wanted = {payload.TYPE for payload in types}
        return [event for event in events if not wanted or event.type in wanted]

    def event(
        self,
        payload: Payload,
        *,
        account: UUID,
        subject: UUID | None = None,
        version: int = 1,
        event_id: UUID | None = None,
        actor: Actor = TESTER,
    ) -> bytes:
        """The bytes another service would have sent."""
        return encode_event(
            payload,
            event_id=event_id or new_id(),
            subject=subject or new_id(),
            time=self.clock.now(),
            account_id=account,
            actor=actor,
            correlation_id=new_id(),
            aggregate_version=version,
        )

    async def deliver(
        self, payload: Payload, *, account: UUID, subject: UUID | None = None, version: int = 1
    ) -> Event[Payload]:
        """Have the service receive one event, through the real consumer and inbox."""
        raw = self.event(payload, account=account, subject=subject, version=version)
        await self.deliver_raw([raw])
        return decode_event(raw)

    async def deliver_raw(self, bodies: Sequence[bytes]) -> None:
        await deliver(self.runtime, bodies)

    async def run_timers(self) -> int:
        """Fire everything that is due by the frozen clock; returns how many."""
        return await run_due_timers(self.runtime)

    async def close(self) -> None:
        await self._clients.aclose()
