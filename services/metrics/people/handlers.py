"""What is told of customers, as far as it decides whether they may be computed on."""

from collections.abc import Sequence
from typing import cast
from uuid import UUID

from services.metrics.people import service as people
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.consent import ConsentChanged
from shared.contracts.customers import CustomerCreated, CustomerUpdated
from shared.work import Work


async def note_records(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Restricted customers are not computed on."""
    told: dict[UUID, tuple[int, bool]] = {}
    for event in sorted(events, key=lambda event: event.aggregate_version):
        data = event.data
        if isinstance(data, CustomerCreated | CustomerUpdated):
            told[data.customer_id] = (event.aggregate_version, data.profile.restricted)
    await people.note_records(work, told)


async def note_consents(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Neither are those who do not want it."""
    await people.note_consents(work, [cast("ConsentChanged", event.data) for event in events])
