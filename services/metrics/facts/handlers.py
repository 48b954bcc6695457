"""What feedback means for the numbers."""

from collections.abc import Sequence
from typing import cast

from services.metrics.db import MERGED_CUSTOMERS
from services.metrics.facts import service as facts
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.survey import FeedbackReceived
from shared.work import Work


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Count each once, in the period in which it happened."""
    await facts.record(work, [cast("FeedbackReceived", event.data) for event in events])


async def merge(work: Work, event: Event[CustomerMerged]) -> None:
    """What is whose follows; see `MERGED_CUSTOMERS`."""
    merged = event.data
    await MERGED_CUSTOMERS.point(work, merged.merged_customer_id, merged.customer_id, version=merged.merged_version)


async def unmerge(work: Work, event: Event[CustomerUnmerged]) -> None:
    """What came under the restored customer's identities goes back, whenever it came."""
    restored = event.data
    await MERGED_CUSTOMERS.point(work, restored.restored_customer_id, None, version=restored.restored_version)
