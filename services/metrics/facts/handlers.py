"""What feedback means for the numbers."""

from collections.abc import Sequence
from typing import cast

from services.metrics.facts import service as facts
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.survey import FeedbackReceived
from shared.work import Work


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Count each once, in the period in which it happened."""
    await facts.record(work, [cast("FeedbackReceived", event.data) for event in events])
