"""Publishable keys, as the gateway tells of them: a copy in each service that web pages may talk to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from shared.bus.events import Event
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked, APIKeyUpdated
from shared.db.base import AccountOwned
from shared.work import Work


class PublishableKey(AccountOwned):
    """Mix-in for the table. `public_key` is null if only later news of the key have come so far."""

    api_key_id: Mapped[UUID] = mapped_column(primary_key=True)
    public_key: Mapped[str | None] = mapped_column(Text)
    origins: Mapped[list[Any]] = mapped_column(JSONB)
    expires_at: Mapped[datetime | None]
    version: Mapped[int]
    is_revoked: Mapped[bool]


@dataclass(frozen=True, slots=True)
class KeyCopy:
    """What to do with the gateway's news; each field is as the newest news of it say, whatever their order."""

    table: type[PublishableKey]

    async def remember(self, work: Work, event: Event[APIKeyCreated]) -> None:
        """The only one that carries the key itself. Origins that were changed since stay."""
        key = event.data
        if key.kind != "publishable":
            return
        told = {"public_key": key.public_key, "expires_at": key.expires_at}
        values = told | {"origins": list(key.origins), "version": event.aggregate_version, "is_revoked": False}
        statement = insert(self.table).values(api_key_id=key.api_key_id, account_id=work.account_id, **values)
        await work.session.execute(statement.on_conflict_do_update(index_elements=["api_key_id"], set_=told))

    async def change(self, work: Work, event: Event[APIKeyUpdated]) -> None:
        key = event.data
        if key.kind != "publishable":
            return
        told = {"origins": list(key.origins), "version": event.aggregate_version}
        statement = insert(self.table).values(
            api_key_id=key.api_key_id, account_id=work.account_id, is_revoked=False, **told
        )
        is_newer = self.table.version < event.aggregate_version
        await work.session.execute(
            statement.on_conflict_do_update(index_elements=["api_key_id"], set_=told, where=is_newer)
        )

    async def revoke(self, work: Work, event: Event[APIKeyRevoked]) -> None:
        """Which kind it was is not told, so a secret key leaves an empty row; no key ever leads to it."""
        told = {"is_revoked": True}
        statement = insert(self.table).values(
            api_key_id=event.data.api_key_id, account_id=work.account_id, origins=[], version=0, **told
        )
        await work.session.execute(statement.on_conflict_do_update(index_elements=["api_key_id"], set_=told))
