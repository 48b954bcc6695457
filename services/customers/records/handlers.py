"""What other services' events mean for customer records."""

from uuid import UUID

from services.customers.activities import awaited
from services.customers.records import sightings
from services.customers.records.naming import Recognised
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.survey import CustomerReference, CustomerSighted
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
        await awaited.wait(work, event.data)
        reason = "no customer has this id" if named.id else "it names nobody by what leads to a customer"
        work.emit(SightingUnresolved(sighting_id=sighting_id, reason=reason), subject=sighting_id)
        return
    if named.order is not None:
        await awaited.end(work, sighting_id)
    _tell(work, sighting_id, found)


async def identify_by_order(work: Work, timer: Timer) -> None:
    """The order that was named may be here by now. It is an answer of its own: `SightingUnresolved` was one too."""
    sighting_id = UUID(timer.key)
    waiting = await awaited.find(work, sighting_id)
    if waiting is None:
        return
    named = CustomerReference(order=waiting.order_key, handle=waiting.handle)
    if waiting.verified:
        found = await sightings.recognise(work, named, source="survey", evidence=f"answer {sighting_id}")
    else:
        found = await sightings.look_for(work, named)
    if found is None:
        await awaited.go_on(work, waiting)
        return
    await awaited.end(work, sighting_id)
    _tell(work, sighting_id, found)


def _tell(work: Work, sighting_id: UUID, found: Recognised) -> None:
    customer, named_id = found
    identified = CustomerIdentified(
        customer_id=customer.id,
        sighting_id=sighting_id,
        origin_customer_id=named_id if named_id != customer.id else None,
    )
    work.emit(identified, subject=customer.id, version=customer.version)
