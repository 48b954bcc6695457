"""Questions about the account's customers."""

from uuid import UUID

from services.tickets.contacts.models import Contact
from shared.work import Work


async def name_of(work: Work, customer_id: UUID | None) -> str | None:
    if customer_id is None:
        return None
    contact = await work.session.get(Contact, (work.account_id, customer_id))
    return contact.name if contact is not None else None
