"""The ledger is the customers service's; this is how it comes here."""

from services.notifier.consents import service as consents
from shared.bus.events import Event
from shared.contracts.consent import ConsentChanged, Statement
from shared.work import Work


async def remember(work: Work, event: Event[ConsentChanged]) -> None:
    """Under the identity that it was said for; see `MERGED_CUSTOMERS`."""
    told = event.data
    statement = Statement(told.consent_id, told.purpose, told.channel, told.granted, told.basis, told.effective_at)
    await consents.add(work, told.origin_customer_id or told.customer_id, [statement])
