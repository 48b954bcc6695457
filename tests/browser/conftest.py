"""A browser, and services that it can reach."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser

from services.survey.app import SERVICE
from shared.testing.harness import Harness
from tests.browser.chromium import Visitor, launched, visiting
from tests.conftest import HarnessFactory

Site = Callable[[FastAPI], Awaitable[str]]
Visit = Callable[..., AbstractAsyncContextManager[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.path.as_posix():
            item.add_marker("browser")


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with launched() as running:
        yield running


@pytest.fixture
async def serve() -> AsyncIterator[Site]:
    """`await serve(app)` gives the address at which a browser finds it. Its lifespan is the harness's business."""
    async with AsyncExitStack() as stack:

        async def make(app: FastAPI) -> str:
            listener = socket.create_server(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error", timeout_graceful_shutdown=1))
            life = asyncio.create_task(server.serve([listener]))

            async def stop() -> None:
                server.should_exit = True
                await life
                listener.close()

            stack.push_async_callback(stop)
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield make


@pytest.fixture
async def survey(harness: HarnessFactory, tmp_path: Path) -> Harness:
    return await harness(SERVICE, survey_contact_wait_seconds=0, files_folder=str(tmp_path / "files"))


@pytest.fixture
async def visit(browser: Browser, survey: Harness, serve: Site) -> Visit:
    """`async with visit(scripts=False, scheme="dark", locale="ar") as visitor`: somebody looks at survey's pages."""
    address = await serve(survey.app)
    return lambda **how: visiting(browser, address, **how)
