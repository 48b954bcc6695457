"""What other services' events mean for timelines."""

from collections.abc import Sequence

from services.customers.timeline import service as timeline
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.work import Work


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Put each on its customer's timeline; those about nobody known are passed over."""
    await timeline.record(work, events)
