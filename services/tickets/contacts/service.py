"""Questions about the account's customers."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.tickets.contacts.models import Contact
from shared.arrivals import arrived
from shared.db.database import Database
from shared.http.errors import Unacceptable
from shared.work import Work


async def name_of(work: Work, customer_id: UUID | None) -> str | None:
    if customer_id is None:
        return None
    contact = await work.session.get(Contact, (work.account_id, customer_id))
    return contact.name if contact is not None else None


async def known_as(work: Work, external_id: str) -> UUID | None:
    """The customer whom the account calls so."""
    mine = (Contact.account_id == work.account_id) & (Contact.external_id == external_id)
    return await work.session.scalar(select(Contact.id).where(mine).order_by(Contact.id).limit(1))


async def facts_of(work: Work, customer_ids: Collection[UUID]) -> dict[UUID | None, dict[str, Any]]:
    """What routing rules see of them, by id."""
    mine = (Contact.account_id == work.account_id) & Contact.id.in_(customer_ids)
    found = await work.session.scalars(select(Contact).where(mine))
    return {contact.id: {"id": str(contact.id), "name": contact.name, **contact.facts} for contact in found}


async def require(database: Database, account_id: UUID, customer_id: UUID, *, work: Work | None) -> None:
    """Raises `Unacceptable` for a customer whom the account does not have. One made a moment ago is waited for.

    Looks in `work`'s transaction if there is one, else in short ones of its own.
    """

    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncSession]:
        if work is not None:
            yield work.session
        else:
            async with database.transaction(account_id) as session:
                yield session

    async def look() -> Contact | None:
        async with opened() as session:
            return await session.get(Contact, (account_id, customer_id))

    if await arrived(look) is None:
        raise Unacceptable.field("/customer_id", "unknown_customer", "There is no such customer.")
