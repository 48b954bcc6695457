"""What other services' events mean for customer records."""

from services.customers.records import service as customers
from services.customers.records.identities import IdentityKind, usable
from shared.bus.events import Event
from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.survey import CustomerSighted
from shared.http.schemas import one_line
from shared.work import Work

LONGEST_NAME = 200


async def identify(work: Work, event: Event[CustomerSighted]) -> None:
    """Say who was sighted. The answer came from the customer, so a person nobody knew is a new customer."""
    sighting_id, named = event.data.sighting_id, event.data.customer
    stated = usable(
        {
            IdentityKind.EXTERNAL_ID: named.external_id,
            IdentityKind.EMAIL: named.email,
            IdentityKind.PHONE: named.phone,
        }
    )
    name = one_line(named.name or "")[:LONGEST_NAME] or None
    evidence = f"answer {sighting_id}"
    found = await customers.identify(work, named.id, stated, name, source="survey", evidence=evidence)
    if found is None:
        reason = "no customer has this id" if named.id else "it names no readable external id, e-mail or phone"
        work.emit(SightingUnresolved(sighting_id=sighting_id, reason=reason), subject=sighting_id)
        return
    customer, named_id = found
    identified = CustomerIdentified(
        customer_id=customer.id,
        sighting_id=sighting_id,
        origin_customer_id=named_id if named_id != customer.id else None,
    )
    work.emit(identified, subject=customer.id, version=customer.version)
