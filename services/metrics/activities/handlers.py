"""What customers did means for the numbers."""

from collections.abc import Sequence

from services.metrics.activities import service as activities
from shared.bus.events import Event
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityRecorded
from shared.contracts.base import Payload
from shared.work import Work


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Keep each as it was last told, in whatever order that comes; what is deleted not at all."""
    newest = {
        event.data.activity_id: (event.aggregate_version, event.data)
        for event in sorted(events, key=lambda event: event.aggregate_version)
        if isinstance(event.data, ActivityRecorded | ActivityCorrected)
    }
    await activities.record(work, newest)
    await activities.forget(
        work, {event.data.activity_id for event in events if isinstance(event.data, ActivityDeleted)}
    )
