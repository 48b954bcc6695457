"""Finding customers in the local copy.

A customer who was merged into another leaves a contact with the identities they had: `named` finds it, because what was
said under an identity belongs to it; the others find who that is now.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select

from services.survey.contacts.models import Contact
from services.survey.db import MERGED_CUSTOMERS
from shared.work import Work

K = TypeVar("K")

# In the order of trust, when one answer names somebody in several ways.
IDENTIFIERS = ("external_id", "email", "phone")


async def by_id(work: Work, customer_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
    """Those that are known and not deleted; for a former id, who that is now."""
    return await _present(work, await named(work, "customer_id", customer_ids))


async def by_identifier(work: Work, name: str, values: Collection[str]) -> Mapping[str, Contact]:
    """By `external_id`, `email` (lower case) or `phone` (E.164); if two customers share one, the older one."""
    return await _present(work, await named(work, name, values))


async def named(work: Work, name: str, values: Collection[K]) -> Mapping[K, Contact]:
    """By `customer_id` or an identifier, as `by_identifier`: the contact that was named, merged since or not."""
    if not values:
        return {}
    found = await _found(work, name, values)
    if len(found) > len(values) or len({getattr(contact, name) for contact in found}) < len(found):
        # Whoever a customer was merged into may have taken the identity over; it came from the merged one all the same.
        present = await MERGED_CUSTOMERS.present_ids(work, [contact.customer_id for contact in found])
        found = sorted(found, key=lambda c: (present[c.customer_id] == c.customer_id, c.customer_id), reverse=True)
    return {getattr(contact, name): contact for contact in found}


async def _present(work: Work, contacts: Mapping[K, Contact]) -> Mapping[K, Contact]:
    if not contacts:
        return {}
    present = await MERGED_CUSTOMERS.present_ids(work, {contact.customer_id for contact in contacts.values()})
    moved = {now for former, now in present.items() if now != former}
    if not moved:
        return contacts
    now = {contact.customer_id: contact for contact in await _found(work, "customer_id", moved)}
    now |= {contact.customer_id: contact for contact in contacts.values() if present[contact.customer_id] not in moved}
    found = {key: now.get(present[contact.customer_id]) for key, contact in contacts.items()}
    return {key: contact for key, contact in found.items() if contact is not None}


async def _found(work: Work, name: str, values: Collection[K]) -> Sequence[Contact]:
    statement = select(Contact).where(
        Contact.account_id == work.account_id, getattr(Contact, name).in_(values), Contact.is_deleted.is_(False)
    )
    return (await work.session.scalars(statement)).all()
