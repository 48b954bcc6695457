"""From the log to the endpoints that listen."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import insert, select

from services.notifier.log.repository import Entry, TypeFilter
from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.wanting import Wanted
from shared.dispatch import queue
from shared.ids import new_id
from shared.work import Work

KIND = "webhook"


async def enqueue_all(work: Work, entries: Sequence[Entry]) -> None:
    """One query for an account without endpoints, which is most of them."""
    listening = await work.session.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.types, WebhookEndpoint.condition)
        .where(WebhookEndpoint.account_id == work.account_id)
        .where(WebhookEndpoint.enabled)
    )
    for endpoint_id, types, condition in listening.all():
        wanted = wanted_by(types, condition)
        await enqueue(work, endpoint_id, [entry for entry in entries if wanted.takes(entry)])


def wanted_by(types: Sequence[str], condition: str) -> Wanted:
    return Wanted(TypeFilter(tuple(types)), condition)


async def enqueue(work: Work, endpoint_id: UUID, entries: Iterable[Entry]) -> int:
    """Returns how many deliveries now wait. The same event again is another delivery with the same `webhook-id`."""
    rows = [
        {
            "id": new_id(),
            "account_id": work.account_id,
            "endpoint_id": endpoint_id,
            "event_id": entry.event_id,
            "event_type": entry.type,
            "sequence": entry.sequence,
            "state": "pending",
            "attempts": 0,
            "next_attempt_at": work.now,
            "created_at": work.now,
        }
        for entry in entries
    ]
    if rows:
        await work.session.execute(insert(WebhookDelivery), rows)
        await queue.enqueue(work, KIND, [(row["id"], endpoint_id) for row in rows])  # type: ignore[misc]
    return len(rows)
