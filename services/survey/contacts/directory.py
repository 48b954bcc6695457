"""Finding customers in the local copy."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from services.survey.contacts.models import Contact
from shared.work import Work

# In the order of trust, when one answer names somebody in several ways.
IDENTIFIERS = ("external_id", "email", "phone")


async def by_id(work: Work, customer_ids: Collection[UUID]) -> Mapping[UUID, Contact]:
    """Those that are known and not deleted."""
    if not customer_ids:
        return {}
    return {contact.customer_id: contact for contact in await _found(work, "customer_id", customer_ids)}


async def by_identifier(work: Work, name: str, values: Collection[str]) -> Mapping[str, Contact]:
    """By `external_id`, `email` (lower case) or `phone` (E.164); if two customers share one, the older one."""
    if not values:
        return {}
    found = sorted(await _found(work, name, values), key=lambda contact: contact.customer_id, reverse=True)
    return {getattr(contact, name): contact for contact in found}


async def _found(work: Work, name: str, values: Collection[UUID] | Collection[str]) -> Sequence[Contact]:
    statement = select(Contact).where(
        Contact.account_id == work.account_id, getattr(Contact, name).in_(values), Contact.is_deleted.is_(False)
    )
    return (await work.session.scalars(statement)).all()
