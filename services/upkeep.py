"""The commands that are not servers: tables, dead letters, backup. They work beside a running Heed, or without one."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from services.catalog import present
from services.first_start import credentials_text, settings_of_all, stored_secrets
from shared.bus.consumer import subscribe
from shared.bus.transport import TransportDown
from shared.embedded.binaries import find_binaries
from shared.embedded.cluster import prepare_cluster
from shared.embedded.errors import AlreadyRunning, CannotStart
from shared.embedded.home import DataHome
from shared.embedded.server import PrivatePostgres, private_postgres
from shared.service import Runtime, Service, open_runtime
from shared.settings import ServiceSettings

DATABASE_SECONDS = 15

Declared = list[tuple[Service, ServiceSettings]]


def given_database() -> str:
    """The administrator's address of a server of the operator's own, or nothing: then Heed brings its own."""
    for variable in ("HEED_ADMIN_DATABASE_URL", "HEED_DATABASE_URL"):
        if path := os.environ.get(f"{variable}_FILE"):
            return Path(path).read_text().strip()
        if url := os.environ.get(variable):
            return url
    return ""


def server_of(name: str, admin_url: str) -> str:
    """A service that moved to a server of its own (`HEED_<NAME>_DATABASE_URL`) is prepared there, by the same user."""
    name = name.upper()
    if own := os.environ.get(f"HEED_{name}_ADMIN_DATABASE_URL"):
        return own
    moved = os.environ.get(f"HEED_{name}_DATABASE_URL")
    if not moved:
        return admin_url
    admin, target = urlsplit(admin_url), urlsplit(moved)
    credentials = admin.netloc.rpartition("@")[0]
    host = target.netloc.rpartition("@")[2]
    return urlunsplit(target._replace(netloc=f"{credentials}@{host}" if credentials else host))


@asynccontextmanager
async def administered(home: DataHome, *, alone: bool = False) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """An administrator's database URL, and the settings that follow from it where the environment has none.

    The embedded server is started for the occasion, unless a running Heed has it up already; `alone` refuses that.
    """
    if url := given_database():
        yield url, {}
        return
    with ExitStack() as held:
        try:
            held.enter_context(home.locked("an upkeep command"))
        except AlreadyRunning:
            if alone:
                raise
            server = PrivatePostgres(await asyncio.to_thread(prepare_cluster, home), home.log / "postgres.log")
            yield server.url, stored_secrets(home) | {"database_url": server.url}
            return
        async with private_postgres(home) as server:
            yield server.url, stored_secrets(home) | {"database_url": server.url}


async def connect(admin_url: str) -> asyncpg.Connection:
    """As the administrator. Waits a while for a server that is still starting; raises `CannotStart`."""
    place = urlsplit(admin_url)._replace(query="", fragment="")
    place = place._replace(netloc=place.netloc.rpartition("@")[2])
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DATABASE_SECONDS
    while True:
        try:
            return await asyncpg.connect(admin_url, timeout=10)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as problem:
            if loop.time() > deadline:
                raise CannotStart(f"The database {place.geturl()} does not answer: {problem}") from problem
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
            raise CannotStart(f"The database {place.geturl()} refuses: {problem}") from problem
        await asyncio.sleep(0.2)


async def migrate(admin_url: str, declared: Declared) -> int:
    """Roles, schemas and every service's migrations; returns how many services were behind. Safe to run at once."""
    by_server: dict[str, Declared] = {}
    for service, settings in declared:
        by_server.setdefault(server_of(service.name, admin_url), []).append((service, settings))
    return sum([await _migrate_server(url, some) for url, some in by_server.items()])


async def migrate_command(home: DataHome) -> str:
    async with administered(home) as (admin_url, values):
        declared = settings_of_all(present(), values)
        behind = await migrate(admin_url, declared)
        await _declare_queues(declared)
    return f"{len(declared)} services, {behind} brought up to date"


async def first_account_command(home: DataHome) -> str:
    """For containers, where nobody prints a banner: the way in, once, on standard output."""
    from services.gateway.first_start import ensure_first_account

    async with administered(home) as (_, values):
        [(service, settings)] = settings_of_all(["gateway"], values)
        async with _opened(service, settings) as runtime:
            first = await ensure_first_account(runtime)
    return credentials_text(first, settings.public_url).strip() if first else "There is an account already."


async def list_dead_command(home: DataHome, *, only: str | None) -> str:
    """One line per dead letter: where it lies, what it is, why it was given up."""
    from shared.bus.dead_letters import list_dead

    lines = []
    async with administered(home) as (_, values):
        for service, settings in settings_of_all(_chosen(only), values):
            async with _opened(service, settings) as runtime:
                for letter in await list_dead(runtime):
                    since = letter.since.isoformat(timespec="seconds") if letter.since else "-"
                    what = f"{letter.what} ({letter.event_type})" if letter.event_type else letter.what
                    facts = (service.name, letter.place, letter.id, since, what)
                    lines.append("  ".join(facts) + f"\n    after {letter.attempts} attempts: {letter.reason}")
    return "\n".join(lines) or "No dead letters."


async def redrive_command(home: DataHome, *, only: str | None, what: str | None) -> str:
    from shared.bus.dead_letters import redrive

    count = 0
    async with administered(home) as (_, values):
        for service, settings in settings_of_all(_chosen(only), values):
            async with _opened(service, settings) as runtime:
                count += await redrive(runtime, what=what)
    return f"{count} will be tried again."


async def verify_command(home: DataHome, say: Callable[[str], None]) -> bool:
    """Compare the sums of all accounts with what they add up; says a line for each. Returns whether all agree."""
    if "metrics" not in present():
        raise CannotStart("The service 'metrics' is not in this installation")
    from services.metrics.verification.everywhere import verify_all

    agreeing = differing = 0
    async with administered(home) as (_, values):
        [(service, settings)] = settings_of_all(["metrics"], values)
        async with _opened(service, settings) as runtime:
            async for account_id, found, left in verify_all(runtime):
                agreeing, differing = agreeing + (not found.any), differing + found.any
                verdict = f"{found.cells} cells and {found.tickets} tickets differ" if found.any else "agrees"
                say(f"{account_id}  {verdict}  ({left} to go)")
    say(f"{agreeing + differing} accounts verified, {differing} differ.")
    return not differing


async def backup_command(home: DataHome, file: Path) -> str:
    """All data in PostgreSQL's own compressed format, complete or not there at all."""
    unfinished = file.with_name(f".{file.name}.part")
    async with administered(home) as (admin_url, _):
        await _run_client("pg_dump", admin_url, ["--format=custom", f"--file={unfinished}"])
    unfinished.chmod(0o600)
    unfinished.replace(file)
    advice = (
        "" if given_database() else f" Keep {home.folder / 'secrets.json'} with it: mailed links are signed with it."
    )
    return f"{file} holds everything, {file.stat().st_size:,} bytes.{advice}"


async def restore_command(home: DataHome, file: Path) -> str:
    """Into an empty database only: a restore must not mix two histories."""
    if not file.is_file():
        raise CannotStart(f"There is no file {file}")
    async with administered(home, alone=True) as (admin_url, values):
        declared = settings_of_all(present(), values)
        await _require_empty(admin_url)
        await _provision(admin_url, declared)
        await _run_client("pg_restore", admin_url, ["--clean", "--if-exists", "--single-transaction", str(file)])
        await migrate(admin_url, declared)
    return f"{file} is restored."


async def _declare_queues(declared: Declared) -> None:
    """Before anybody sends: an event that finds only some of its queues is lost to the other services."""
    for service, settings in declared:
        async with _opened(service, settings) as runtime:
            try:
                await subscribe(runtime)
            except TransportDown as problem:
                raise CannotStart(f"The events' transport does not answer ({problem})") from problem


async def _migrate_server(admin_url: str, declared: Declared) -> int:
    from shared.db.migrations import head_of, revision_of, upgrade

    await _provision(admin_url, declared)
    connection = await connect(admin_url)
    try:
        behind = [service for service, _ in declared if await revision_of(connection, service) != head_of(service)]
    finally:
        await connection.close()
    for service in behind:
        await upgrade(service, admin_url)
    return len(behind)


async def _provision(admin_url: str, declared: Declared) -> None:
    from shared.db.provision import provision

    connection = await connect(admin_url)
    try:
        await provision(connection, declared)
    finally:
        await connection.close()


@asynccontextmanager
async def _opened(service: Service, settings: ServiceSettings) -> AsyncIterator[Runtime]:
    runtime = open_runtime(service, settings)
    await runtime.transport.open()
    try:
        yield runtime
    finally:
        await runtime.transport.close()
        await runtime.database.close()


def _chosen(only: str | None) -> list[str]:
    if only is not None and only not in present():
        raise CannotStart(f"There is no service {only!r}. There are: {', '.join(present())}")
    return [only] if only else present()


async def _require_empty(admin_url: str) -> None:
    connection = await connect(admin_url)
    try:
        if await connection.fetchval("select to_regclass('gateway.accounts')") is not None:
            raise CannotStart("This Heed holds data already. Restore into an empty one: HEED_HOME=/path/to/new/folder")
    finally:
        await connection.close()


async def _run_client(program: str, admin_url: str, arguments: Sequence[str]) -> None:
    """A client program of PostgreSQL; the password goes by the environment, where `ps` does not show it."""
    target = urlsplit(admin_url)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": target.hostname or "127.0.0.1",
        "PGPORT": str(target.port or 5432),
        "PGUSER": target.username or "",
        "PGPASSWORD": target.password or "",
        "PGDATABASE": target.path.lstrip("/"),
    }
    database = ["--dbname", environment["PGDATABASE"]] if program == "pg_restore" else []
    path = Path(find_binaries().program(program))
    command = [str(path if path.exists() else shutil.which(program) or program), *database, *arguments]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise CannotStart(f"{program} failed:\n{done.stderr.strip()[-2000:]}")
