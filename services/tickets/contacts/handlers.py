"""Keeps the copy of customers up to date, in whatever order the events come."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.tickets.contacts.models import NOTHING, Contact
from services.tickets.db import MERGED_CUSTOMERS
from services.tickets.search import service as search
from shared.bus.events import Event
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerMerged,
    CustomerProfile,
    CustomerUnmerged,
    CustomerUpdated,
)
from shared.work import Work


async def remember(work: Work, event: Event[CustomerCreated]) -> None:
    await _upsert(work, event, event.data.profile)


async def update(work: Work, event: Event[CustomerUpdated]) -> None:
    await _upsert(work, event, event.data.profile)
    await search.refresh_of(work, event.data.customer_id)


async def forget(work: Work, event: Event[CustomerDeleted]) -> None:
    await _upsert(work, event, None)


async def _upsert(
    work: Work,
    event: Event[CustomerCreated] | Event[CustomerUpdated] | Event[CustomerDeleted],
    profile: CustomerProfile | None,
) -> None:
    values: dict[str, Any] = {"name": None, "external_id": None, "facts": NOTHING, "version": event.aggregate_version}
    if profile is not None:
        facts = {"locale": profile.locale, "company": profile.company, "attributes": profile.attributes}
        values |= {"name": profile.name or profile.company, "external_id": profile.external_id, "facts": facts}
    statement = insert(Contact).values(account_id=work.account_id, id=event.data.customer_id, **values)
    newer = Contact.version < statement.excluded.version
    keys = ["account_id", "id"]
    await work.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values, where=newer))


async def merge(work: Work, event: Event[CustomerMerged]) -> None:
    """What is whose follows; see `MERGED_CUSTOMERS`."""
    merged = event.data
    await MERGED_CUSTOMERS.point(work, merged.merged_customer_id, merged.customer_id, version=merged.merged_version)


async def unmerge(work: Work, event: Event[CustomerUnmerged]) -> None:
    """What came under the restored customer's identities goes back, whenever it came."""
    restored = event.data
    await MERGED_CUSTOMERS.point(work, restored.restored_customer_id, None, version=restored.restored_version)
