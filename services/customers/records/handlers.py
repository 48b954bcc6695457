"""What other services' events mean for customer records."""

from services.customers.records import sightings
from shared.bus.events import Event
from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.survey import CustomerSighted
from shared.work import Work


async def identify(work: Work, event: Event[CustomerSighted]) -> None:
    """Say who was sighted. The answer came from the customer, so a person nobody knew is a new customer.

    Where nobody vouches for the name we look, and learn nothing; but who asks to be answered at an address that nobody
    has becomes a customer with this one address: two would be tied together by whoever typed them.
    """
    sighting_id, named = event.data.sighting_id, event.data.customer
    found = None if event.data.verified else await sightings.look_for(work, named)
    if found is None and (event.data.verified or event.data.answerable):
        whom = named if event.data.verified else sightings.by_one_address(named)
        found = await sightings.recognise(work, whom, source="survey", evidence=f"answer {sighting_id}")
    if found is None:
        reason = "no customer has this id" if named.id else "it names nobody by what leads to a customer"
        work.emit(SightingUnresolved(sighting_id=sighting_id, reason=reason), subject=sighting_id)
        return
    customer, named_id = found
    identified = CustomerIdentified(
        customer_id=customer.id,
        sighting_id=sighting_id,
        origin_customer_id=named_id if named_id != customer.id else None,
    )
    work.emit(identified, subject=customer.id, version=customer.version)
