"""One service's door to its own schema, signed in as its own role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from shared.settings import ServiceSettings
from shared.work import KitTables

ACQUIRE_SECONDS = 2.0
CONNECT_SECONDS = 5.0
# A statement that runs longer than this has gone wrong; bulk work states its own limit.
STATEMENT_MILLISECONDS = 15_000
IDLE_IN_TRANSACTION_MILLISECONDS = 30_000

_SET_ACCOUNT = text("select set_config('heed.account_id', :account_id, true)")


class Database:
    """Sessions of one service. Engines open connections when first used."""

    def __init__(self, service: str, metadata: MetaData, settings: ServiceSettings) -> None:
        self.service = service
        self.settings = settings
        self.role = f"heed_{service}"
        self.url = settings.role_url(self.role)
        self.tables = kit_tables(metadata)
        self.engine: AsyncEngine = create_async_engine(
            make_url(self.url).set(drivername="postgresql+asyncpg"),
            pool_size=settings.database_pool_size,
            max_overflow=settings.database_pool_size,
            pool_timeout=ACQUIRE_SECONDS,
            # A dead connection is found when it is used; asyncpg notices a closed socket at once, so the pool only
            # needs to replace it. That is cheaper than a ping before each transaction.
            pool_pre_ping=False,
            pool_use_lifo=True,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "server_settings": {
                    "application_name": self.role,
                    "search_path": service,
                    "jit": "off",
                    "statement_timeout": str(STATEMENT_MILLISECONDS),
                    "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MILLISECONDS),
                },
            },
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @asynccontextmanager
    async def transaction(self, account_id: UUID | None) -> AsyncIterator[AsyncSession]:
        """A session that commits on a clean exit. `None` is for the kit's own tables: it sees no account's rows."""
        async with self._sessions.begin() as session:
            if account_id is not None:
                await set_account(session, account_id)
            yield session

    async def connect(self) -> asyncpg.Connection:
        """A connection outside the pool, for LISTEN and for locks that live as long as the connection."""
        return await asyncpg.connect(self.url, timeout=CONNECT_SECONDS)

    async def close(self) -> None:
        await self.engine.dispose()


async def set_account(session: AsyncSession, account_id: UUID) -> None:
    """Point row-level security at one account for the rest of this transaction."""
    await session.execute(_SET_ACCOUNT, {"account_id": str(account_id)})


def kit_tables(metadata: MetaData) -> KitTables:
    schema = metadata.schema
    names = ("outbox", "inbox", "timers", "idempotency_keys")
    return KitTables(*(metadata.tables[f"{schema}.{name}"] for name in names))
