"""What every test may ask for. The servers behind it are real; see docs/guides/kit.md, "Tests".

The kit is imported by the fixtures that need it, so that a test of one pure rule starts at once.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from services import catalog
from shared.embedded.errors import CannotStart
from shared.ids import new_id
from shared.testing.clock import FrozenClock
from shared.testing.servers import DATABASE_URL, RABBITMQ_URL, Servers
from tests.browser.installed import chromium

if TYPE_CHECKING:
    from shared.service import Service
    from shared.testing.databases import Databases
    from shared.testing.harness import Harness, Pools

HarnessFactory = Callable[..., Awaitable["Harness"]]

NO_BROKER = (
    "No RabbitMQ: the tests of the rabbitmq transport did not run. "
    "Install rabbitmq-server, or set HEED_TEST_RABBITMQ_URL."
)
NO_BROWSER = (
    "No Chromium: the tests of what people see did not run. Install chromium, or set HEED_TEST_CHROMIUM to its path."
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_servers = pytest.StashKey[Servers]()
_lasting_server = pytest.StashKey[bool]()
_unproved = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    # A developer's own settings are not the tests' business.
    for name in [name for name in os.environ if name.startswith("HEED_") and not name.startswith("HEED_TEST_")]:
        del os.environ[name]
    # Sets are walked through in the same order by all workers.
    os.environ.setdefault("PYTHONHASHSEED", "0")
    config.stash[_lasting_server] = bool(os.environ.get(DATABASE_URL))
    config.stash[_servers] = Servers()
    if getattr(config.option, "numprocesses", None):
        # The tests are collected by the workers, so nobody knows yet what they will need.
        _start(config, postgres=True, rabbitmq=True)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Ids made up while the tests are collected must not be part of their names: the workers compare them."""
    return _UUID.sub("id", val) if isinstance(val, str) and _UUID.search(val) else None


def pytest_collection_finish(session: pytest.Session) -> None:
    if _servers in session.config.stash and not getattr(session.config.option, "numprocesses", None):
        postgres = any("databases" in getattr(item, "fixturenames", ()) for item in session.items)
        rabbitmq = any(item.get_closest_marker("rabbitmq") for item in session.items)
        _start(session.config, postgres=postgres, rabbitmq=rabbitmq)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("rabbitmq") and RABBITMQ_URL not in os.environ:
        _unproven(NO_BROKER)
    if item.get_closest_marker("browser") and chromium() is None:
        _unproven(NO_BROWSER)


def _unproven(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = [str(report.longrepr) for report in skipped]
    config.stash[_unproved] = [each for each in (NO_BROKER, NO_BROWSER) if any(each in one for one in reasons)]


def pytest_unconfigure(config: pytest.Config) -> None:
    servers = config.stash.get(_servers, None)
    if servers is None:
        return
    if config.stash[_lasting_server]:
        from shared.testing.databases import drop_databases

        asyncio.run(drop_databases())
    servers.sweep(catalog.NAMES)
    servers.stop()
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        # After everything else: what was not proved is the last thing to be read.
        for reason in config.stash.get(_unproved, []):
            reporter.write_line(f"!!! {reason}", red=True, bold=True)


def _start(config: pytest.Config, *, postgres: bool, rabbitmq: bool) -> None:
    try:
        config.stash[_servers].start(postgres=postgres, rabbitmq=rabbitmq)
    except CannotStart as problem:
        pytest.exit(str(problem), returncode=1)


@pytest.fixture(scope="session")
async def databases(worker_id: str) -> "Databases":
    """A real database for this worker alone; `await databases.prepare(SERVICE)` makes a service's schema in it."""
    from shared.testing.databases import create_database

    return await create_database(worker_id)


@pytest.fixture
def account() -> UUID:
    """A fresh account: every test lives in its own, so nothing is cleaned up."""
    return new_id()


@pytest.fixture(scope="session")
async def pools() -> AsyncIterator["Pools"]:
    from shared.testing.harness import Pools

    kept = Pools()
    yield kept
    await kept.end()


@pytest.fixture
async def harness(databases: "Databases", pools: "Pools") -> AsyncIterator[HarnessFactory]:
    """`await harness(SERVICE, **settings)` gives one service under test; see `Harness`."""
    from shared.service import open_runtime
    from shared.testing.harness import Harness
    from shared.testing.lifespan import running

    async with AsyncExitStack() as stack:

        async def make(service: "Service", **settings: object) -> Harness:
            clock = FrozenClock()
            await databases.prepare(service)
            runtime = open_runtime(service, databases.settings(service, **settings), clock=clock)
            pools.share(runtime)
            app = service.create_app(runtime)
            made = Harness(runtime, app, clock, databases.signer)
            await stack.enter_async_context(running(app))
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
def rabbitmq() -> str:
    """The address of a real RabbitMQ; the test carries the marker `rabbitmq`, which skips it where there is none."""
    return os.environ[RABBITMQ_URL]
