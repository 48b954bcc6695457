"""One database per pytest worker; the services that its tests need are prepared in it as they are asked for."""

import fcntl
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.auth.tokens import TokenSigner
from shared.db.migrations import upgrade
from shared.db.provision import provision
from shared.service import Service
from shared.settings import ServiceSettings
from shared.testing.servers import DATABASE_URL, FOLDER, RUN

# The same in all workers of all runs: on a shared server the roles, and so their passwords, belong to everybody.
DATABASE_SECRET = "one-secret-for-all-tests"
_KEY = Ed25519PrivateKey.from_private_bytes(b"heed tests sign with this seed..")
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC_KEY = (
    _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)


@dataclass(slots=True)
class Databases:
    """`url` is the administrator's, of this worker's own database."""

    url: str
    _prepared: set[str] = field(default_factory=set)

    @property
    def signer(self) -> TokenSigner:
        """Signs what every service under test accepts."""
        return TokenSigner(PRIVATE_KEY)

    def settings(self, service: Service, **changes: Any) -> ServiceSettings:
        """A service's settings for this database; `changes` by field name."""
        values: dict[str, Any] = {
            "database_url": self.url,
            "database_secret": DATABASE_SECRET,
            # Tests do more at once than a pool gives in a moment when the machine is busy with other things.
            "database_pool_size": 16,
            "secret": "another-one-for-all-tests",
            "token_public_key": PUBLIC_KEY,
            "token_private_key": PRIVATE_KEY if service.name == "gateway" else "",
            "rabbitmq_url": "",
            "bus_prefix": os.environ[RUN],
        }
        return service.settings(**(values | changes))

    async def prepare(self, *services: Service) -> None:
        """Roles, schemas and migrations, as at any start; once per service and worker."""
        missing = [service for service in services if service.name not in self._prepared]
        await self.provision(*missing)
        for service in missing:
            await upgrade(service, self.url)
            self._prepared.add(service.name)

    async def provision(self, *services: Service) -> None:
        """Roles and schemas only. One worker at a time: roles belong to the server, its locks to a database."""
        with (Path(os.environ[FOLDER]) / "provision.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection = await asyncpg.connect(self.url)
            try:
                await provision(connection, [(service, self.settings(service)) for service in services])
            finally:
                await connection.close()


async def create_database(worker: str) -> Databases:
    """An empty database on the run's server."""
    parts = urlsplit(os.environ[DATABASE_URL])
    name = f"{_prefix()}_{worker}"
    connection = await asyncpg.connect(os.environ[DATABASE_URL])
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    return Databases(urlunsplit(parts._replace(path=f"/{name}")))


async def drop_databases() -> None:
    """Take this run's databases off a server that stays."""
    connection = await asyncpg.connect(os.environ[DATABASE_URL])
    try:
        for row in await connection.fetch("select datname from pg_database where starts_with(datname, $1)", _prefix()):
            await connection.execute(f'drop database "{row["datname"]}" with (force)')
    finally:
        await connection.close()


def _prefix() -> str:
    return re.sub(r"\W", "_", os.environ[RUN])
