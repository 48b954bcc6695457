"""What feedback means for the numbers."""

from collections.abc import Sequence

from services.metrics.db import MERGED_CUSTOMERS
from services.metrics.facts import service as facts
from services.metrics.facts.service import Heard
from services.metrics.people import service as people
from services.metrics.rollups.counting import hold_upkeep
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.feedback import Feedback, FeedbackErased
from shared.work import Work


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Count each once, as it was last told, in the period in which it happened; what is erased not at all."""
    told = [Heard(event.aggregate_version, event.data) for event in events if isinstance(event.data, Feedback)]
    erased = {event.data.feedback_id for event in events if isinstance(event.data, FeedbackErased)}
    await facts.record(work, told)
    await facts.erase(work, erased)


async def merge(work: Work, event: Event[CustomerMerged]) -> None:
    """What is whose follows; see `MERGED_CUSTOMERS`."""
    merged = event.data
    await hold_upkeep(work)
    await MERGED_CUSTOMERS.point(work, merged.merged_customer_id, merged.customer_id, version=merged.merged_version)
    await people.reconsider(work, {merged.merged_customer_id, merged.customer_id})


async def unmerge(work: Work, event: Event[CustomerUnmerged]) -> None:
    """What came under the restored customer's identities goes back, whenever it came."""
    restored = event.data
    await hold_upkeep(work)
    await MERGED_CUSTOMERS.point(work, restored.restored_customer_id, None, version=restored.restored_version)
    await people.reconsider(work, {restored.restored_customer_id, restored.customer_id})
