"""Each service has its own Alembic chain, with its version table inside its own schema."""

import asyncio
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, pool, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.bus.ddl import Operations, create_outbox_notification, let_housekeeping_forget_keys
from shared.bus.tables import add_bus_tables
from shared.db.rls import enable_row_security
from shared.service import Service

VERSION_TABLE = "alembic_version"
# A migration waits this long for a table lock, then fails rather than queue all traffic behind itself.
LOCK_TIMEOUT = "4s"


def config_for(service: Service) -> Config:
    """Alembic's configuration, without an ini file: everything follows from the service."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "alembic"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(service.migrations / "versions"))
    config.attributes["service"] = service
    return config


def head_of(service: Service) -> str | None:
    """The newest revision that the code knows."""
    return ScriptDirectory.from_config(config_for(service)).get_current_head()


def revisions_of(service: Service) -> list[str]:
    """All that the code knows, newest first."""
    return [script.revision for script in ScriptDirectory.from_config(config_for(service)).walk_revisions()]


async def revision_of(connection: asyncpg.Connection, service: Service) -> str | None:
    """The revision the database is at, or None before the first migration."""
    if await connection.fetchval("select to_regclass($1)", f"{service.name}.{VERSION_TABLE}") is None:
        return None
    revision: str | None = await connection.fetchval(f'select version_num from "{service.name}".{VERSION_TABLE}')
    return revision


async def upgrade(service: Service, admin_url: str) -> None:
    """Bring the service's schema to the head. Concurrent calls wait for each other; a killed one is rolled back."""
    engine = create_async_engine(make_url(admin_url).set(drivername="postgresql+asyncpg"), poolclass=pool.NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade, service)
    finally:
        await engine.dispose()


def upgrade_blocking(service: Service, admin_url: str) -> None:
    """`upgrade` for callers without an event loop."""
    asyncio.run(upgrade(service, admin_url))


def _upgrade(connection: Connection, service: Service) -> None:
    connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"heed.{service.name}"})
    connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.execute(text(f'create schema if not exists "{service.name}"'))
    config = config_for(service)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def create_kit_tables(op: Operations, schema: str) -> None:
    """The kit's tables, version 1. A later change to them is another function, called by a later migration."""
    from sqlalchemy import MetaData

    from shared.db.base import NAMING

    metadata = MetaData(schema=schema, naming_convention=NAMING)
    add_bus_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)
    # Many short-lived rows: vacuum early, or the tables grow with what has long been sent.
    for table in ("outbox", "timers"):
        op.execute(f'alter table "{schema}".{table} set (autovacuum_vacuum_scale_factor = 0.01)')
    create_outbox_notification(op, schema)
    enable_row_security(op, schema, "idempotency_keys")
    let_housekeeping_forget_keys(op, schema)
