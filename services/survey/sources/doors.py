"""Who sends to an address: looked up by the hash of its token, and kept in the process for a moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import select, text

from services.survey.adapters.base import Connection, Push
from services.survey.adapters.registry import adapters
from services.survey.sources.addresses import hash_of, url_of
from services.survey.sources.connections import connection_of
from services.survey.sources.models import Source
from shared.clock import Clock
from shared.db.database import Database
from shared.fresh import Fresh
from shared.service import Runtime
from shared.settings import ServiceSettings

# What is paused, rotated or removed is so everywhere after this time.
FRESH_SECONDS: Final = 1.0
# The only way past row-level security: whose an address is, is not known before.
_FIND: Final = select(Source).from_statement(text("select * from survey.source_at(:hashed)"))


@dataclass(frozen=True, slots=True)
class Door:
    """What is behind an address. `live` are the connections whose secrets may sign, each until its time (None: for
    good); none if the source's settings no longer suit its adapter. `address_until`: of a former address."""

    account_id: UUID
    source_id: UUID
    adapter: Push
    is_removed: bool
    address_until: datetime | None
    live: tuple[tuple[Connection, datetime | None], ...]

    def connections(self, now: datetime) -> tuple[Connection, ...]:
        return tuple(connection for connection, until in self.live if until is None or now < until)


class Doors:
    def __init__(self, runtime: Runtime) -> None:
        self._database: Database = runtime.database
        self._clock: Clock = runtime.clock
        self._settings: ServiceSettings = runtime.settings
        self._known = Fresh(self._load, seconds=FRESH_SECONDS)

    async def at(self, token: str) -> Door | None:
        """None if nobody has this address. It takes the same look as one that somebody has, and is kept as long."""
        door = await self._known.get(token)
        if door is None or (door.address_until is not None and door.address_until <= self._clock.now()):
            return None
        return door

    def forget(self) -> None:
        """Everybody is looked up anew."""
        self._known.forget(lambda token: True)

    async def _load(self, token: str) -> Door | None:
        hashed = hash_of(token)
        async with self._database.transaction(None) as session:
            source = (await session.scalars(_FIND, {"hashed": hashed})).first()
        return _door(source, hashed, url_of(self._settings, token), self._settings) if source else None


def _door(source: Source, hashed: bytes, url: str, settings: ServiceSettings) -> Door | None:
    adapter = adapters().get(source.adapter)
    if not isinstance(adapter, Push):
        return None
    is_former = source.token_hash != hashed
    return Door(
        account_id=source.account_id,
        source_id=source.id,
        adapter=adapter,
        is_removed=source.state == "removed",
        address_until=source.former_token_until if is_former else None,
        live=tuple(_live(source, url, settings)) if source.state != "removed" else (),
    )


def _live(source: Source, url: str, settings: ServiceSettings) -> list[tuple[Connection, datetime | None]]:
    live: list[tuple[Connection, datetime | None]] = []
    try:
        live.append((connection_of(source, settings, url=url), None))
        if source.former_secrets is not None:
            live.append((connection_of(source, settings, url=url, former=True), source.former_secrets_until))
    except ValidationError:
        # Other settings are wanted than when it was connected. Those that still suit go on.
        pass
    return live
