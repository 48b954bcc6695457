"""Events once more, under the same `webhook-id`: one, those after a number, or those since a time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from services.notifier.log import repository as log
from services.notifier.log.repository import Entry
from services.notifier.webhooks import fan_out
from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.schemas import Redelivered, Redelivery
from services.notifier.webhooks.service import get
from shared.http.errors import Conflict, Unacceptable
from shared.work import Work

AT_ONCE = 1_000


async def redeliver(work: Work, endpoint_id: UUID, asked: Redelivery) -> Redelivered:
    endpoint = await get(work, endpoint_id)
    if not endpoint.enabled:
        raise Conflict("This endpoint is switched off. Switch it on first.")
    if [asked.delivery_id, asked.after, asked.since].count(None) != 2:
        raise Unacceptable.field("/delivery_id", "choose_one", "Send one of `delivery_id`, `after` and `since`.")
    if asked.delivery_id is not None:
        entry = await _entry_of(work, endpoint_id, asked.delivery_id)
        return Redelivered(queued=await fan_out.enqueue(work, endpoint, [entry]), next_after=None)
    after = asked.after if asked.after is not None else await _number_before(work, asked.since)
    wanted = fan_out.wanted_by(endpoint)
    found = await log.read(work.session, work.account_id, after=after, types=wanted.types, limit=AT_ONCE)
    entries = [entry for entry in found.entries if wanted.takes(entry)]
    if asked.only_undelivered:
        entries = await _undelivered(work, endpoint, entries)
    queued = await fan_out.enqueue(work, endpoint, entries)
    has_more = found.examined < await log.last_sequence(work.session, work.account_id)
    return Redelivered(queued=queued, next_after=found.examined if has_more else None)


async def _entry_of(work: Work, endpoint_id: UUID, delivery_id: UUID) -> Entry:
    delivery = await work.session.get(WebhookDelivery, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint_id:
        raise Unacceptable.field("/delivery_id", "unknown_delivery", "This endpoint has no such delivery.")
    entry = await log.find(work.session, work.account_id, delivery.event_id)
    if entry is None:
        detail = "This event is not in the log, so it cannot be sent."
        raise Unacceptable.field("/delivery_id", "not_repeatable", detail)
    return entry


async def _number_before(work: Work, since: datetime | None) -> int:
    assert since is not None
    first = await log.first_number_since(work.session, work.account_id, since)
    return await log.last_sequence(work.session, work.account_id) if first is None else first - 1


async def _undelivered(work: Work, endpoint: WebhookEndpoint, entries: Sequence[Entry]) -> list[Entry]:
    """Those that neither arrived nor are waiting, whether they failed or were never tried."""
    arrived = set(
        await work.session.scalars(
            select(WebhookDelivery.event_id).where(
                WebhookDelivery.account_id == work.account_id,
                WebhookDelivery.endpoint_id == endpoint.id,
                WebhookDelivery.event_id.in_([entry.event_id for entry in entries]),
                WebhookDelivery.state.in_(("delivered", "pending")),
            )
        )
    )
    return [entry for entry in entries if entry.event_id not in arrived]
