"""The composition root: all of Heed in one process behind one port, or one half of one service."""

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
from fastapi import FastAPI
from starlette.types import ASGIApp

from services.address import Address
from services.catalog import load, present
from services.first_start import CREDENTIALS, credentials_text, settings_of, settings_of_all, stored_secrets
from services.server import serve
from services.upkeep import Declared, given_database, migrate
from shared.bus.worker import run_workers
from shared.db.idle import close_idle_connections
from shared.embedded.home import DataHome
from shared.embedded.logfile import LogFile
from shared.embedded.server import private_postgres
from shared.http import health
from shared.observability.logging import configure_logging
from shared.process import settle
from shared.service import Runtime, Service, open_runtime

log = structlog.get_logger(__name__)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run until done, or until Ctrl-C, SIGTERM or a closed terminal cancel it: each is a proper end."""
    import uvloop

    async def until_stopped() -> None:
        task = asyncio.ensure_future(main)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        with suppress(asyncio.CancelledError):
            await task

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(until_stopped())


async def run_together(home: DataHome, address: Address, listening: socket.socket) -> None:
    """Everything: database, six services with their workers, the gateway in front. The caller holds `home.locked()`.

    Raises `CannotStart`.
    """
    async with AsyncExitStack() as stack:
        admin_url = given_database()
        values: dict[str, Any] = {"public_url": address.url, "files_folder": str(home.folder / "files")}
        values |= stored_secrets(home)
        if not admin_url:
            server = await stack.enter_async_context(private_postgres(home))
            admin_url = server.url
            values["database_url"] = admin_url
            # Whoever tries Heed out on one machine receives its webhooks on that machine.
            values["webhook_allow_cidrs"] = "127.0.0.0/8,::1/128"
        declared = settings_of_all(present(), values)
        log_file = stack.enter_context(LogFile(home.log / "heed.log"))
        configure_logging(declared[0][1].log_level, cast("TextIO", log_file))
        await migrate(admin_url, declared)
        app = await stack.enter_async_context(everything(declared, home))
        banner(home, address, mailbox=any(getattr(settings, "uses_mailbox", False) for _, settings in declared))
        await _serve(app, listening)


@asynccontextmanager
async def everything(declared: Declared, home: DataHome) -> AsyncIterator[ASGIApp]:
    """All services up in this process; yields the door that everybody comes through."""
    from services.gateway.front_door import create_front_door

    runtimes = {service.name: open_runtime(service, settings) for service, settings in declared}
    apps = {name: runtime.service.create_app(runtime) for name, runtime in runtimes.items()}
    async with AsyncExitStack() as stack:
        for app in apps.values():
            await stack.enter_async_context(app.router.lifespan_context(app))
        await _first_account(runtimes["gateway"], home)
        await stack.enter_async_context(_beside(run_workers(list(runtimes.values())), "workers"))
        databases = [runtime.database for runtime in runtimes.values()]
        await stack.enter_async_context(_beside(close_idle_connections(databases), "idle connections"))
        yield create_front_door(runtimes["gateway"], apps)


async def run_web(name: str, listening: socket.socket) -> None:
    """The requests of one service."""
    service, runtime = _one(name)
    app = service.create_app(runtime)
    front: ASGIApp = app
    if name == "gateway":
        from services.gateway.front_door import create_front_door

        front = create_front_door(runtime, {name: app})
    async with app.router.lifespan_context(app):
        await _serve(front, listening)


async def run_worker_half(name: str, listening: socket.socket) -> None:
    """Everything of one service that goes on without a request; the port answers health and metrics only."""
    _, runtime = _one(name)
    app = FastAPI(openapi_url=None)
    app.state.runtime = runtime
    app.include_router(health.router)
    try:
        async with _beside(run_workers([runtime]), "worker"):
            await _serve(app, listening)
    finally:
        await runtime.database.close()


def _one(name: str) -> tuple[Service, Runtime]:
    service = load(name)
    settings = settings_of(service, {})
    configure_logging(settings.log_level)
    return service, open_runtime(service, settings)


@asynccontextmanager
async def _beside(task: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Run `task` until the block ends, and let it finish what it has begun."""
    running = asyncio.create_task(task, name=name)
    running.add_done_callback(_ended)
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (problem := task.exception()) is not None:
        log.critical("a task that never ends has ended", task=task.get_name(), exc_info=problem)


async def _serve(app: ASGIApp, listening: socket.socket) -> None:
    settle()
    await serve(app, listening)


async def _first_account(gateway: Runtime, home: DataHome) -> None:
    from services.gateway.first_start import FirstAccount, ensure_first_account

    def keep(first: FirstAccount) -> None:
        home.write_private(CREDENTIALS, credentials_text(first, gateway.settings.public_url))

    await ensure_first_account(gateway, keep)


def banner(home: DataHome, address: Address, *, mailbox: bool) -> None:
    """What a person who has just started Heed wants to know."""
    here = Path.cwd()
    folder = home.folder.relative_to(here) if home.folder.is_relative_to(here) else home.folder
    lines = [f"Heed is ready:  {address.url}", ""]
    if (home.folder / CREDENTIALS).exists():
        lines.append(f"Your API key    in {folder / CREDENTIALS}")
    lines.append(f"API documents   {address.url}/docs")
    if mailbox:
        lines.append(f"Mail it sends   {address.url}/mailbox")
    lines += [f"Data and logs   {folder}", "", "Ctrl-C stops it."]
    text = "".join(f"  {line}".rstrip() + "\n" for line in lines)
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()
