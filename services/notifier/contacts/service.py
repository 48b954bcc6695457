"""Looking up a customer."""

from uuid import UUID

from services.notifier.contacts.models import Contact
from shared.work import Work


async def contact_of(work: Work, customer_id: UUID) -> Contact | None:
    """None if the customer is not known here, or not yet."""
    return await work.session.get(Contact, (work.account_id, customer_id))
