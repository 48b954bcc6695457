"""The way of every delivery into the database: as it came, written together with those that arrive with it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Literal, NamedTuple
from uuid import UUID

import asyncpg

from services.survey.adapters.base import Received, Verified
from services.survey.db import INTAKE_ROLE
from services.survey.encoding import to_json
from services.survey.sources.doors import Door, Doors
from services.survey.sources.rejections import Rejections
from shared.bus.events import Actor, encode_event
from shared.contracts.base import ActorKind
from shared.contracts.sources import SourceDelivered
from shared.db.group_commit import GroupCommit, OwnConnection
from shared.http.errors import Unavailable
from shared.ids import new_id
from shared.service import Runtime

Outcome = Literal["stored", "duplicate", "replayed"]
# Larger ones are written alone, so that what is small does not wait for a mail with pictures.
LARGEST_IN_A_GROUP: Final = 65_536
LARGE_AT_ONCE: Final = 4
LONGEST_NAME: Final = 200
_KEY: Final = "survey.sources"
_SECRET_NAMES: Final = ("authorization", "cookie", "secret", "token", "password", "passwd", "api-key", "apikey")
_HIDDEN: Final = "***"


class Row(NamedTuple):
    """One row of `survey.accept_deliveries`, in the order of its parameters."""

    id: UUID
    account_id: UUID
    source_id: UUID
    delivery_id: str
    once: str | None
    digest: bytes
    scheme: str
    method: str
    headers: str
    query: str
    body: bytes
    received_at: object
    event_id: UUID
    event: bytes


class Hooks:
    """One per process."""

    def __init__(self, runtime: Runtime) -> None:
        url = runtime.settings.role_url(INTAKE_ROLE)
        self.doors = Doors(runtime)
        self.rejections = Rejections(runtime)
        self._group = GroupCommit(url, accept, waiting=runtime.settings.survey_intake_waiting)
        self._alone = OwnConnection(url)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    @asynccontextmanager
    async def room_for(self, size: int) -> AsyncIterator[None]:
        """Large bodies are many bytes in memory. Raises `Unavailable` if there are too many of them already."""
        if size <= LARGEST_IN_A_GROUP:
            yield
            return
        if self._large.locked():
            raise Unavailable("Too much is arriving at once; send it again shortly.", retry_after=5)
        async with self._large:
            yield

    async def keep(self, door: Door, received: Received, verified: Verified, traceparent: str | None) -> Outcome:
        """Returns after the commit. Raises `TooMany` when more arrives than can be stored."""
        row = row_of(door, received, verified, traceparent)
        if len(row.body) <= LARGEST_IN_A_GROUP:
            return await self._group.submit(row)
        async with self._alone.use() as connection:
            return (await accept(connection, [row]))[0]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._group.open()
        try:
            async with self.rejections.running():
                yield
        finally:
            await self._group.close()
            await self._alone.close()


@asynccontextmanager
async def open_hooks(runtime: Runtime) -> AsyncIterator[None]:
    """For the application's lifespan."""
    hooks = runtime.state[_KEY] = Hooks(runtime)
    async with hooks.running():
        yield


def hooks_of(runtime: Runtime) -> Hooks:
    """Those of this process."""
    hooks: Hooks = runtime.state[_KEY]
    return hooks


async def accept(connection: asyncpg.Connection, rows: Sequence[Row]) -> list[Outcome]:
    """One statement, one commit, for all of them."""
    outcomes: list[Outcome] = ["stored"] * len(rows)
    for place, outcome in await connection.fetch(_ACCEPT, *zip(*rows, strict=True)):
        outcomes[place - 1] = outcome
    return outcomes


def row_of(door: Door, received: Received, verified: Verified, traceparent: str | None) -> Row:
    digest = hashlib.sha256(received.body).digest()
    delivery_id, event_id = new_id(), new_id()
    event = encode_event(
        SourceDelivered(source_id=door.source_id, delivery_id=delivery_id),
        event_id=event_id,
        subject=door.source_id,
        time=received.at,
        account_id=door.account_id,
        actor=Actor(ActorKind.PARTNER, door.adapter.name),
        # The first event of a chain gives it its name.
        correlation_id=event_id,
        traceparent=traceparent,
    )
    return Row(
        delivery_id,
        door.account_id,
        door.source_id,
        _name(verified.delivery_id, received, digest),
        hashlib.sha256(verified.once.encode(errors="replace")).hexdigest() if verified.once else None,
        digest,
        verified.scheme,
        received.method,
        _pairs(received.headers),
        _pairs(received.query),
        received.body,
        received.at,
        event_id,
        event,
    )


def _name(given: str | None, received: Received, digest: bytes) -> str:
    """The sender's own, if it is one; else one of what it sent, so that the same is known by it."""
    if given and len(given) <= LONGEST_NAME and given.isprintable():
        return given
    if given:
        return f"sha256:{hashlib.sha256(given.encode(errors='replace')).hexdigest()}"
    if not received.query:
        return f"sha256:{digest.hex()}"
    return f"sha256:{hashlib.sha256(digest + repr(received.query).encode(errors='replace')).hexdigest()}"


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    """As JSON for the database, which keeps no NUL; without the values of what is secret."""
    return to_json([(name, _HIDDEN if _is_secret(name) else value) for name, value in pairs]).decode()


def _is_secret(name: str) -> bool:
    lowered = name.lower()
    return any(part in lowered for part in _SECRET_NAMES)


_ACCEPT = f"select * from survey.accept_deliveries({', '.join(f'${n + 1}' for n in range(len(Row._fields)))})"
