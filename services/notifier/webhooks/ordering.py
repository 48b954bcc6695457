"""Endpoints that want one thing after the other: of each key, only one delivery is on its way.

Those behind it are pending without a time; when it has arrived or is given up, the next one gets one. Whoever looks
who is next holds the endpoint's row, so that nobody else does at the same time and none is forgotten.
"""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

import orjson
from sqlalchemy import text

from services.notifier.log.repository import Entry
from services.notifier.webhooks.models import WebhookEndpoint
from shared.dispatch import queue
from shared.work import Work

Ordering = Literal["none", "subject", "endpoint"]
KIND = "webhook"

_NEXT = text("""
    with next as (
        select distinct on (order_key) id from webhook_deliveries d
        where account_id = cast(:account_id as uuid) and endpoint_id = cast(:endpoint_id as uuid)
            and order_key = any(cast(:keys as uuid[])) and state = 'pending' and next_attempt_at is null
            and not exists (
                select from webhook_deliveries ahead
                where ahead.account_id = d.account_id and ahead.endpoint_id = d.endpoint_id
                    and ahead.order_key = d.order_key and ahead.state = 'pending'
                    and ahead.next_attempt_at is not null
            )
        order by order_key, sequence, id
    )
    update webhook_deliveries set next_attempt_at = :due_at
    from next where webhook_deliveries.id = next.id
    returning webhook_deliveries.id
""")


def key_of(ordering: str, endpoint_id: UUID, entry: Entry) -> UUID | None:
    """What waits for one another has the same key."""
    if ordering == "subject":
        return UUID(orjson.loads(entry.body)["subject"])
    return endpoint_id if ordering == "endpoint" else None


async def lock(work: Work, endpoint_id: UUID) -> WebhookEndpoint | None:
    """Before any row of its deliveries or of the queue: in the other order two of us could wait for each other."""
    found: WebhookEndpoint | None = await work.session.get(
        WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True
    )
    return found


async def let_go(work: Work, endpoint: WebhookEndpoint, keys: Collection[UUID]) -> None:
    """Send the next one of each key that has none on its way. The endpoint is locked."""
    due_at = max(work.now, endpoint.held_until or work.now)
    values = {"account_id": work.account_id, "endpoint_id": endpoint.id, "keys": list(keys), "due_at": due_at}
    found = await work.session.scalars(_NEXT, values)
    await queue.enqueue(work, KIND, [(delivery_id, endpoint.id) for delivery_id in found], due_at=due_at)
