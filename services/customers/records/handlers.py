"""What other services' events mean for customer records."""

from collections.abc import Sequence
from uuid import UUID

from services.customers.activities import awaited
from services.customers.activities.models import AwaitedOrder
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
        await awaited.end(work, [sighting_id])
    _tell(work, sighting_id, found)


async def identify_by_order(work: Work, timers: Sequence[Timer]) -> None:
    """The orders that were named may be here by now. It is a second answer: `SightingUnresolved` was the first."""
    here, missing = await awaited.find_all(work, [UUID(timer.key) for timer in timers])
    for waiting in here:
        named = CustomerReference(order=waiting.order_key, handle=waiting.handle)
        found = await _by_order(work, named, waiting)
        if found is None:
            missing.append(waiting)
        else:
            _tell(work, waiting.sighting_id, found)
            await awaited.end(work, [waiting.sighting_id])
    await awaited.go_on(work, missing)


async def _by_order(work: Work, named: CustomerReference, waiting: AwaitedOrder) -> Recognised | None:
    if not waiting.verified:
        return await sightings.look_for(work, named)
    return await sightings.recognise(work, named, source="survey", evidence=f"answer {waiting.sighting_id}")


def _tell(work: Work, sighting_id: UUID, found: Recognised) -> None:
    customer, named_id = found
    identified = CustomerIdentified(
        customer_id=customer.id,
        sighting_id=sighting_id,
        origin_customer_id=named_id if named_id != customer.id else None,
    )
    work.emit(identified, subject=customer.id, version=customer.version)
