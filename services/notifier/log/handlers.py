"""Every event of the system comes by here, once."""

from collections.abc import Sequence

from services.notifier.log import repository as log
from services.notifier.webhooks import fan_out
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.work import Work


async def append_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Number the events and, in the same transaction, note what the account's webhook endpoints are to get."""
    entries = await log.append(work.session, work.account_id, events)
    await fan_out.enqueue_all(work, entries)
