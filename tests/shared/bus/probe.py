"""A service that exists for the tests of the bus only: the kit's tables, a table of effects, and handlers that a test
hands in."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import FastAPI
from sqlalchemy import Column, Connection, Table, Text, Uuid, insert, pool, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.bus.events import Actor, encode_event
from shared.bus.subscriptions import Subscription, TimerHandler
from shared.bus.transport import Outgoing, Transport
from shared.clock import Clock
from shared.contracts.base import ActorKind, Payload
from shared.contracts.gateway import APIKeyRevoked, UserRemoved
from shared.db.base import service_metadata
from shared.db.migrations import create_kit_tables
from shared.db.provision import provision
from shared.ids import new_id
from shared.service import Runtime, Service, open_runtime
from shared.settings import ServiceSettings
from shared.testing.clock import FrozenClock
from shared.testing.databases import Databases
from shared.testing.servers import DATABASE_URL, RUN
from shared.work import Work

NAME = "probe"
METADATA = service_metadata(NAME)
EFFECTS = Table(
    "effects",
    METADATA,
    Column("account_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("what", Text, nullable=False),
)
TESTER = Actor(ActorKind.HUMAN, "tester")


def probe(
    subscriptions: Sequence[Subscription] = (),
    timers: Mapping[str, TimerHandler] | None = None,
    loops: Sequence[Callable[[Runtime], Awaitable[None]]] = (),
) -> Service:
    return Service(
        name=NAME,
        settings=ServiceSettings,
        metadata=METADATA,
        create_app=lambda _: FastAPI(),
        subscriptions=subscriptions,
        timers=timers or {},
        loops=loops,
    )


def open_probe(
    databases: Databases, service: Service, *, transport: Transport | None = None, clock: Clock | None = None
) -> Runtime:
    settings = databases.settings(service, bus_prefix=f"test-{new_id().hex}")
    return open_runtime(service, settings, transport=transport, clock=clock or FrozenClock())


async def create_probe_database(worker: str) -> Databases:
    """A database with nothing in it but the probe and the bus."""
    server = os.environ[DATABASE_URL]
    name = re.sub(r"\W", "_", f"{os.environ[RUN]}_bus_{worker}_{new_id().hex[-6:]}")
    connection = await asyncpg.connect(server)
    await connection.execute(f'create database "{name}"')
    await connection.close()
    databases = Databases(make_url(server).set(database=name).render_as_string(hide_password=False))
    connection = await asyncpg.connect(databases.url)
    await provision(connection, [(probe(), databases.settings(probe()))])
    await connection.close()
    engine = create_async_engine(make_url(databases.url).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool)
    async with engine.begin() as transaction:
        await transaction.run_sync(_create_tables)
    await engine.dispose()
    return databases


def _create_tables(connection: Connection) -> None:
    EFFECTS.create(connection)
    create_kit_tables(Operations(MigrationContext.configure(connection)), NAME)


def raw_event(
    *,
    account: UUID,
    event_id: UUID | None = None,
    payload: Payload | None = None,
    version: int = 1,
    subject: UUID | None = None,
) -> bytes:
    """The bytes that another service would have sent."""
    return encode_event(
        payload or UserRemoved(user_id=new_id()),
        event_id=event_id or new_id(),
        subject=subject or new_id(),
        time=FrozenClock().now(),
        account_id=account,
        actor=TESTER,
        correlation_id=new_id(),
        aggregate_version=version,
    )


def outgoing(event_type: str, body: bytes = b"") -> Outgoing:
    """An event for the transport, which looks at its type only."""
    return Outgoing(event_type, body or f'{{"type":"{event_type}"}}'.encode())


def key_revoked() -> APIKeyRevoked:
    return APIKeyRevoked(api_key_id=new_id())


async def note(work: Work, event_id: UUID, what: str) -> None:
    """An effect that can be counted."""
    await work.session.execute(insert(EFFECTS).values(account_id=work.account_id, event_id=event_id, what=what))


async def effects(runtime: Runtime, account: UUID) -> list[str]:
    """What was noted for the account, in no order."""
    async with runtime.database.transaction(account) as session:
        return list(await session.scalars(select(EFFECTS.c.what).where(EFFECTS.c.account_id == account)))


async def rows(runtime: Runtime, table: Table, account: UUID) -> list[Any]:
    """The account's rows of one of the kit's tables."""
    async with runtime.database.transaction(account) as session:
        return list((await session.execute(select(table).where(table.c.account_id == account))).all())


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool], *, seconds: float = 20) -> None:
    """Poll with a deadline."""
    async with asyncio.timeout(seconds):
        while True:
            holds = condition()
            if holds if isinstance(holds, bool) else await holds:
                return
            await asyncio.sleep(0.02)
