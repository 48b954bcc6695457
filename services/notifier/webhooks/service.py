"""Endpoints as partners manage them."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update

from services.notifier.log import repository as log
from services.notifier.log.repository import TypeFilter
from services.notifier.webhooks import fan_out
from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.schemas import EndpointPatch, NewEndpoint, Redelivered, Redelivery
from services.notifier.webhooks.secrets import new_secret
from shared.auth.sealing import seal
from shared.bus.events import encode_event
from shared.contracts.notifier import WebhookEndpointChanged, WebhookEndpointDisabled, WebhookEndpointTested
from shared.contracts.registry import registry
from shared.dispatch import queue
from shared.http.client import GuardedClient, NotAllowed
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work

MOST_ENDPOINTS = 50
OLD_SECRET_LIVES = timedelta(hours=24)
AT_ONCE = 1_000
Change = Literal["created", "updated", "deleted", "secret_rotated"]


class TooManyEndpoints(Conflict):
    """This account has as many webhook endpoints as it may have. Delete one that is not needed."""

    code = "too_many_endpoints"


def sealing_key(runtime: Runtime) -> bytes:
    key: bytes = runtime.settings.derived_key("webhook-secrets")
    return key


async def get(work: Work, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    found = await work.session.get(WebhookEndpoint, endpoint_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("There is no such webhook endpoint.")
    return found


async def create(work: Work, body: NewEndpoint, client: GuardedClient, key: bytes) -> tuple[WebhookEndpoint, str]:
    """The endpoint and its secret, which is not readable again."""
    _check_url(client, body.url)
    _check_types(body.types)
    mine = select(func.count()).where(WebhookEndpoint.account_id == work.account_id)
    if (await work.session.scalar(mine) or 0) >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    endpoint_id, secret = new_id(), new_secret()
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        account_id=work.account_id,
        secret=seal(secret.encode(), key, endpoint_id),
        disabled_reason=None,
        failing_since=None,
        old_secret=None,
        old_secret_until=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **body.model_dump(),
    )
    work.session.add(endpoint)
    await work.session.flush()
    _tell(work, endpoint, "created")
    return endpoint, secret


async def change(
    work: Work, endpoint_id: UUID, patch: EndpointPatch, client: GuardedClient, *, expected: int | None
) -> WebhookEndpoint:
    """Switching off drops what waits; switching on starts afresh, and `redeliver` brings what was missed."""
    endpoint = await get(work, endpoint_id, lock=True)
    check_match(expected, endpoint.version)
    changes = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name, value in changes.items():
        if value is None:
            raise Unacceptable.field(f"/{name}", "null", "Leave it out to keep it as it is.")
    if "url" in changes:
        _check_url(client, changes["url"])
    _check_types(changes.get("types", []))
    for name, value in changes.items():
        setattr(endpoint, name, value)
    if changes.get("enabled") is True:
        endpoint.disabled_reason = endpoint.failing_since = None
    if changes.get("enabled") is False:
        endpoint.disabled_reason = "switched off by hand"
        await _cancel_waiting(work, endpoint_id)
    endpoint.version += 1
    endpoint.updated_at = work.now
    _tell(work, endpoint, "updated", changes)
    return endpoint


async def delete(work: Work, endpoint_id: UUID) -> None:
    endpoint = await get(work, endpoint_id, lock=True)
    await _cancel_waiting(work, endpoint_id)
    endpoint.version += 1
    _tell(work, endpoint, "deleted")
    await work.session.delete(endpoint)


async def disable(work: Work, endpoint: WebhookEndpoint, reason: str) -> None:
    """By the system; the account is told by an event."""
    endpoint.enabled, endpoint.disabled_reason = False, reason
    endpoint.version += 1
    endpoint.updated_at = work.now
    await _cancel_waiting(work, endpoint.id)
    disabled = WebhookEndpointDisabled(endpoint_id=endpoint.id, reason=reason, disabled_at=work.now)
    work.emit(disabled, subject=endpoint.id, version=endpoint.version)


async def rotate(work: Work, endpoint_id: UUID, key: bytes) -> tuple[WebhookEndpoint, str]:
    """The former secret goes on signing for a day; one that was still doing so from an earlier rotation stops."""
    endpoint = await get(work, endpoint_id, lock=True)
    secret = new_secret()
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, work.now + OLD_SECRET_LIVES
    endpoint.secret = seal(secret.encode(), key, endpoint_id)
    endpoint.version += 1
    endpoint.updated_at = work.now
    _tell(work, endpoint, "secret_rotated")
    return endpoint, secret


async def redeliver(work: Work, endpoint_id: UUID, asked: Redelivery) -> Redelivered:
    """The same events once more, under the same `webhook-id`."""
    endpoint = await get(work, endpoint_id)
    if not endpoint.enabled:
        raise Conflict("This endpoint is switched off. Switch it on first.")
    if (asked.delivery_id is None) == (asked.after is None):
        raise Unacceptable.field("/delivery_id", "choose_one", "Send either `delivery_id` or `after`.")
    if asked.after is not None:
        types = TypeFilter(tuple(endpoint.types))
        found = await log.read(work.session, work.account_id, after=asked.after, types=types, limit=AT_ONCE)
        queued = await fan_out.enqueue(work, endpoint_id, found.entries)
        has_more = found.examined < await log.last_sequence(work.session, work.account_id)
        return Redelivered(queued=queued, next_after=found.examined if has_more else None)
    delivery = await work.session.get(WebhookDelivery, asked.delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint_id:
        raise Unacceptable.field("/delivery_id", "unknown_delivery", "This endpoint has no such delivery.")
    entry = await log.find(work.session, work.account_id, delivery.event_id)
    if entry is None:
        raise Unacceptable.field(
            "/delivery_id", "not_repeatable", "This event is not in the log, so it cannot be sent."
        )
    return Redelivered(queued=await fan_out.enqueue(work, endpoint_id, [entry]), next_after=None)


async def send_test(work: Work, endpoint_id: UUID) -> WebhookDelivery:
    """An event for this endpoint alone, outside the log; delivered and signed like any other."""
    endpoint = await get(work, endpoint_id)
    if not endpoint.enabled:
        raise Conflict("This endpoint is switched off. Switch it on first.")
    event_id = new_id()
    body = encode_event(
        WebhookEndpointTested(endpoint_id=endpoint_id),
        event_id=event_id,
        subject=endpoint_id,
        time=work.now,
        account_id=work.account_id,
        actor=work.actor,
        correlation_id=work.correlation_id,
    )
    delivery = WebhookDelivery(
        account_id=work.account_id,
        endpoint_id=endpoint_id,
        event_id=event_id,
        event_type=WebhookEndpointTested.TYPE,
        sequence=None,
        body=body,
        state="pending",
        attempts=0,
        last_status=None,
        last_error=None,
        last_response=None,
        next_attempt_at=work.now,
        created_at=work.now,
        finished_at=None,
    )
    work.session.add(delivery)
    await work.session.flush()
    await queue.enqueue(work, fan_out.KIND, [(delivery.id, endpoint_id)])
    return delivery


async def _cancel_waiting(work: Work, endpoint_id: UUID) -> None:
    await queue.withdraw_lane(work, endpoint_id)
    waiting = (WebhookDelivery.endpoint_id == endpoint_id) & (WebhookDelivery.state == "pending")
    await work.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.account_id == work.account_id, waiting)
        .values(state="canceled", next_attempt_at=None, finished_at=work.now)
    )


def _tell(work: Work, endpoint: WebhookEndpoint, change: Change, fields: Iterable[str] = ()) -> None:
    changed = WebhookEndpointChanged(endpoint_id=endpoint.id, change=change, fields=tuple(sorted(fields)))
    work.emit(changed, subject=endpoint.id, version=endpoint.version)


def _check_types(patterns: Sequence[str]) -> None:
    """A pattern that nothing can match would be an endpoint that waits in vain."""
    for position, pattern in enumerate(patterns):
        if not any(TypeFilter((pattern,)).takes(event_type) for event_type in registry()):
            detail = f"No event is called `{pattern}`. All events: {', '.join(sorted(registry()))}."
            raise Unacceptable.field(f"/types/{position}", "unknown_event_type", detail)


def _check_url(client: GuardedClient, url: str) -> None:
    try:
        client.check_url(url)
    except NotAllowed as problem:
        raise Unacceptable.field("/url", "url", f"{str(problem)[0].upper()}{str(problem)[1:]}.") from None
