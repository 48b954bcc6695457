"""A fresh Heed for one measurement: a durable private PostgreSQL, migrated, and the settings to start services with."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from services import catalog
from shared.auth.scopes import ALL
from shared.auth.tokens import Principal, TokenSigner
from shared.bus.events import Actor
from shared.clock import SystemClock
from shared.contracts.base import ActorKind
from shared.embedded.cluster import prepare_cluster
from shared.embedded.home import DataHome
from shared.embedded.server import PrivatePostgres
from shared.ids import new_id
from shared.testing.databases import PRIVATE_KEY, PUBLIC_KEY, Databases
from shared.testing.servers import FOLDER, RUN


@dataclass(frozen=True, slots=True)
class Stage:
    """`postgres_pid` is for CPU time; `environment` starts any service's process."""

    databases: Databases
    postgres_pid: int
    environment: dict[str, str]
    account: UUID

    @property
    def token(self) -> str:
        return self.token_of(self.account)

    def token_of(self, account: UUID) -> str:
        """One that lasts for the whole measurement."""
        principal = Principal(account, Actor(ActorKind.PARTNER, "bench"), ALL, "bench")
        return TokenSigner(PRIVATE_KEY).sign(principal, now=SystemClock().now(), lifetime=timedelta(hours=2))


@contextmanager
def stage(rabbitmq_url: str = "") -> Iterator[Stage]:
    """Everything on disk is durable: fsync and synchronous_commit are on, as in a real installation."""
    folder = Path(tempfile.mkdtemp(prefix="heed-bench-"))
    folder.chmod(0o711)
    os.environ[FOLDER] = str(folder)
    os.environ[RUN] = folder.name
    home = DataHome(folder / "postgresql")
    postgres = PrivatePostgres(prepare_cluster(home), home.log / "postgres.log")
    asyncio.run(postgres.start())
    try:
        databases = Databases(postgres.url)
        asyncio.run(databases.prepare(*catalog.load_all()))
        assert postgres.process is not None
        yield Stage(databases, postgres.process.pid, _environment(postgres.url, rabbitmq_url), new_id())
    finally:
        asyncio.run(postgres.stop())
        shutil.rmtree(postgres.data_folder.parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def _environment(url: str, rabbitmq_url: str) -> dict[str, str]:
    return {
        "HEED_DATABASE_URL": url,
        "HEED_DATABASE_SECRET": "one-secret-for-all-tests",
        "HEED_SECRET": "another-one-for-all-tests",
        "HEED_TOKEN_PUBLIC_KEY": PUBLIC_KEY,
        "HEED_RABBITMQ_URL": rabbitmq_url,
        "HEED_BUS_PREFIX": f"bench-{new_id().hex[-8:]}",
        "HEED_LOG_LEVEL": "WARNING",
    }
