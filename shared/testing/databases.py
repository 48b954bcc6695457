"""One database per pytest worker, cloned from a template that holds every service's schema."""

import fcntl
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
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

# The same in all workers of all runs: on a shared server the roles belong to everybody.
_KEY = Ed25519PrivateKey.from_private_bytes(b"heed tests sign with this seed..")
PRIVATE_KEY = _KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC_KEY = (
    _KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)


@dataclass(frozen=True, slots=True)
class Databases:
    """`url` is the administrator's, of this worker's own database."""

    url: str

    @property
    def signer(self) -> TokenSigner:
        """Signs what every service under test accepts."""
        return TokenSigner(PRIVATE_KEY)

    def settings(self, service: Service | type[ServiceSettings], **changes: Any) -> ServiceSettings:
        """A service's settings for this database; `changes` by field name."""
        kind = service.settings if isinstance(service, Service) else service
        values: dict[str, Any] = {
            "database_url": self.url,
            "database_secret": "one-secret-for-all-tests",
            "secret": "another-one-for-all-tests",
            "token_public_key": PUBLIC_KEY,
            "token_private_key": PRIVATE_KEY if isinstance(service, Service) and service.name == "gateway" else "",
            "rabbitmq_url": "",
            "bus_prefix": os.environ[RUN],
        }
        return kind(**(values | changes))


async def create_databases(services: Sequence[Service], worker: str) -> Databases:
    """The first worker makes the template, the others wait for it; each then clones it, which takes no time."""
    server = os.environ[DATABASE_URL]
    name = re.sub(r"\W", "_", os.environ[RUN])
    template, own = f"{name}_template", f"{name}_{worker}"
    folder = Path(os.environ[FOLDER])
    with (folder / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "template.ready").exists():
            await _administer(server, f'create database "{template}"')
            await prepare_services(Databases(_of_database(server, template)), services)
            (folder / "template.ready").touch()
        await _administer(server, f'create database "{own}" template "{template}"')
    return Databases(_of_database(server, own))


async def drop_databases() -> None:
    """Take this run's databases off a server that stays."""
    server = os.environ[DATABASE_URL]
    connection = await asyncpg.connect(server)
    try:
        prefix = re.sub(r"\W", "_", os.environ[RUN])
        for row in await connection.fetch("select datname from pg_database where starts_with(datname, $1)", prefix):
            await connection.execute(f'drop database "{row["datname"]}" with (force)')
    finally:
        await connection.close()


async def prepare_services(databases: Databases, services: Sequence[Service]) -> None:
    """Roles, schemas and tables, as at any start."""
    connection = await asyncpg.connect(databases.url)
    try:
        await provision(connection, [(service, databases.settings(service)) for service in services])
    finally:
        await connection.close()
    for service in services:
        await upgrade(service, databases.url)


async def _administer(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _of_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))
