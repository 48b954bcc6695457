"""What is told of tickets means for the numbers."""

from collections.abc import Sequence

from services.metrics.tickets import service as tickets
from services.metrics.tickets.steps import step_of
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.work import Work


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Keep each as a step of its ticket, in whatever order they come."""
    await tickets.record(work, {event.id: step_of(event) for event in events})
