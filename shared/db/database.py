"""One service's door to its own schema, signed in as its own role."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from shared.settings import ServiceSettings
from shared.work import KitTables

ACQUIRE_SECONDS = 2.0
CONNECT_SECONDS = 5.0
# A statement that runs longer than this has gone wrong; bulk work states its own limit.
STATEMENT_MILLISECONDS = 15_000
IDLE_IN_TRANSACTION_MILLISECONDS = 30_000

_SET_ACCOUNT = text("select set_config('heed.account_id', :account_id, true)")
_PLAN_MODE = "set local plan_cache_mode = "
_FEW = 50


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
            # A burst waits its turn: connections made for it and thrown away cost more than the wait.
            max_overflow=0,
            pool_timeout=ACQUIRE_SECONDS,
            # asyncpg notices a closed socket at once, and `transaction` looks; that is cheaper than a ping before each.
            pool_pre_ping=False,
            pool_use_lifo=True,
            # `transaction` begins and ends transactions itself.
            isolation_level="AUTOCOMMIT",
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

    @asynccontextmanager
    async def transaction(self, account_id: UUID | None) -> AsyncIterator[AsyncSession]:
        """A session that commits on a clean exit. `None` is for the kit's own tables: it sees no account's rows.

        Beginning it and pointing it at the account is one round trip; SQLAlchemy, left to itself, makes two.
        """
        connection = await self.engine.connect()
        try:
            driver = await _driver_of(connection)
            try:
                await driver.execute("begin" if account_id is None else f"begin; {account_setting(account_id)}")
                session = AsyncSession(connection, expire_on_commit=False, autoflush=False)
                yield session
                await session.flush()
                if await driver.execute("commit") != "COMMIT":
                    raise RuntimeError("a statement of this transaction failed, so nothing of it was stored")
            except BaseException:
                await _roll_back(connection, driver)
                raise
        finally:
            await connection.close()

    async def connect(self) -> asyncpg.Connection:
        """A connection outside the pool, for LISTEN and for locks that live as long as the connection."""
        return await asyncpg.connect(self.url, timeout=CONNECT_SECONDS)

    async def close(self) -> None:
        await self.engine.dispose()


async def set_account(session: AsyncSession, account_id: UUID) -> None:
    """Point row-level security at one account for the rest of this transaction."""
    await session.execute(_SET_ACCOUNT, {"account_id": str(account_id)})


@asynccontextmanager
async def planned_anew(session: AsyncSession, rows: int) -> AsyncIterator[None]:
    """If they are about many `rows`, statements in the block are planned for the tables as they are now.

    Bulk work fills tables: a plan that was kept from when they were empty reads all of an account for each row, until
    the next ANALYZE. Triggers would plan anew for each row too: nothing is written in the block.
    """
    if rows <= _FEW:
        yield
        return
    await session.execute(text(f"{_PLAN_MODE} force_custom_plan"))
    yield
    await session.execute(text(f"{_PLAN_MODE} auto"))


async def driver_of(session: AsyncSession) -> asyncpg.Connection:
    """asyncpg's own connection, for a statement so frequent that SQLAlchemy's share of its cost matters."""
    connection = await session.connection()
    driver: Any = (await connection.get_raw_connection()).driver_connection
    return driver


def account_setting(account_id: UUID) -> str:
    """`set_account` as text, to share a round trip with others: the digits of a UUID need no quoting."""
    return f"select set_config('heed.account_id', '{account_id}', true)"


async def _driver_of(connection: AsyncConnection) -> Any:
    """asyncpg's own connection; a fresh one if the server has hung up on it since it was last used."""
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if driver.is_closed():
        await connection.invalidate()
        driver = (await connection.get_raw_connection()).driver_connection
    return driver


async def _roll_back(connection: AsyncConnection, driver: Any) -> None:
    """Leave the connection clean for the next, or leave it to nobody."""
    try:
        await driver.execute("rollback")
    except BaseException as problem:
        await connection.invalidate()
        if not isinstance(problem, Exception):
            raise


def kit_tables(metadata: MetaData) -> KitTables:
    schema = metadata.schema
    names = ("outbox", "inbox", "timers", "idempotency_keys")
    return KitTables(*(metadata.tables[f"{schema}.{name}"] for name in names))
