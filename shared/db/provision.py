"""Roles, schemas and rights: what an administrator's connection prepares once, before the migrations."""

import asyncio
from collections.abc import Sequence

import asyncpg

from shared.bus.ddl import create_bus_schema
from shared.service import Service
from shared.settings import ServiceSettings

# Any constant will do; it keeps two starts from provisioning at the same time.
_LOCK = 0x48454544
# Roles belong to the server, the lock to one database: from another database of the same server somebody may have
# been first. ("tuple concurrently updated" has no error class of its own.)
_BEATEN = (asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError, asyncpg.InternalServerError)
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds


async def provision(connection: asyncpg.Connection, services: Sequence[tuple[Service, ServiceSettings]]) -> None:
    """Create what is missing and set the passwords; safe to repeat, and to run twice at once."""
    for pause in PAUSES:
        try:
            return await _provision(connection, services)
        except _BEATEN:
            await asyncio.sleep(pause)
    return await _provision(connection, services)


async def _provision(connection: asyncpg.Connection, services: Sequence[tuple[Service, ServiceSettings]]) -> None:
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        for service, settings in services:
            await _service_roles(connection, service, settings)
        await create_bus_schema(connection, [f"heed_{service.name}" for service, _ in services])


async def _service_roles(connection: asyncpg.Connection, service: Service, settings: ServiceSettings) -> None:
    schema, role = service.name, f"heed_{service.name}"
    for name in (role, *service.extra_roles):
        await _role(connection, name, settings.role_password(name))
    await connection.execute(f'create schema if not exists "{schema}"')
    for name in (role, *service.extra_roles):
        await connection.execute(f'grant usage on schema "{schema}" to {name}')
    # The migrations run as the administrator, so what they make is the role's to use and not to own.
    await connection.execute(
        f'alter default privileges in schema "{schema}" grant select, insert, update, delete on tables to {role}'
    )
    await connection.execute(f'alter default privileges in schema "{schema}" grant usage on sequences to {role}')


async def _role(connection: asyncpg.Connection, name: str, password: str) -> None:
    exists = await connection.fetchval("select true from pg_roles where rolname = $1", name)
    verb = "alter" if exists else "create"
    quoted = await connection.fetchval("select quote_literal($1::text)", password)
    await connection.execute(
        f"{verb} role {name} login nosuperuser nocreatedb nocreaterole nobypassrls password {quoted}"
    )
