"""From the log to the endpoints that listen."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select

from services.notifier.log.repository import Entry, TypeFilter
from services.notifier.webhooks import ordering
from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.ordering import KIND
from services.notifier.webhooks.wanting import Wanted
from shared.dispatch import queue
from shared.ids import new_id
from shared.work import Work


async def enqueue_all(work: Work, entries: Sequence[Entry]) -> None:
    """One query for an account without endpoints, which is most of them."""
    listening = await work.session.scalars(
        select(WebhookEndpoint)
        .where(WebhookEndpoint.account_id == work.account_id)
        .where(WebhookEndpoint.enabled)
        .order_by(WebhookEndpoint.id)
    )
    for endpoint in listening.all():
        wanted = wanted_by(endpoint)
        await enqueue(work, endpoint, [entry for entry in entries if wanted.takes(entry)])


def wanted_by(endpoint: WebhookEndpoint) -> Wanted:
    return Wanted(TypeFilter(tuple(endpoint.types)), endpoint.condition)


async def enqueue(work: Work, endpoint: WebhookEndpoint, entries: Sequence[Entry]) -> int:
    """Returns how many deliveries now wait. The same event again is another delivery with the same `webhook-id`."""
    if not entries:
        return 0
    is_ordered = endpoint.ordering != "none"
    if is_ordered and await ordering.lock(work, endpoint.id) is None:
        return 0
    due_at = max(work.now, endpoint.held_until or work.now)
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "account_id": work.account_id,
            "endpoint_id": endpoint.id,
            "event_id": entry.event_id,
            "event_type": entry.type,
            "sequence": entry.sequence,
            "state": "pending",
            "attempts": 0,
            "order_key": ordering.key_of(endpoint.ordering, endpoint.id, entry),
            "next_attempt_at": None if is_ordered else due_at,
            "created_at": work.now,
        }
        for entry in entries
    ]
    await work.session.execute(insert(WebhookDelivery), rows)
    if is_ordered:
        await ordering.let_go(work, endpoint, {row["order_key"] for row in rows})
    else:
        await queue.enqueue(work, KIND, [(row["id"], endpoint.id) for row in rows], due_at=due_at)
    return len(rows)
