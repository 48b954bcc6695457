"""Endpoints as partners manage them."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update

from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.ordering import KIND
from services.notifier.webhooks.schemas import EndpointPatch, NewEndpoint, Rotation
from services.notifier.webhooks.secrets import new_secret, public_key_of
from services.notifier.webhooks.wanting import check_condition, check_types
from shared.auth.sealing import seal
from shared.bus.events import encode_event
from shared.contracts.notifier import WebhookEndpointChanged, WebhookEndpointDisabled, WebhookEndpointTested
from shared.dispatch import queue
from shared.http.client import GuardedClient, NotAllowed
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work

MOST_ENDPOINTS = 50
Change = Literal["created", "updated", "deleted", "secret_rotated"]


class TooManyEndpoints(Conflict):
    """This account has as many webhook endpoints as it may have. Delete one that is not needed."""

    code = "too_many_endpoints"


class StillRotating(Conflict):
    """Wait until the former secret has ended, or rotate with `overlap_hours` 0, which ends both at once."""

    code = "still_rotating"


def sealing_key(runtime: Runtime) -> bytes:
    key: bytes = runtime.settings.derived_key("webhook-secrets")
    return key


async def get(work: Work, endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    found = await work.session.get(WebhookEndpoint, endpoint_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("There is no such webhook endpoint.")
    return found


async def create(
    work: Work, body: NewEndpoint, client: GuardedClient, key: bytes
) -> tuple[WebhookEndpoint, str | None]:
    """The endpoint and its secret, which is not readable again; None where only the public key is for others."""
    _check_url(client, body.url)
    check_types(body.types)
    check_condition(body.condition, body.types)
    mine = select(func.count()).where(WebhookEndpoint.account_id == work.account_id)
    if (await work.session.scalar(mine) or 0) >= MOST_ENDPOINTS:
        raise TooManyEndpoints
    endpoint_id, secret = new_id(), new_secret(body.signing)
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        account_id=work.account_id,
        secret=seal(secret.encode(), key, endpoint_id),
        public_key=public_key_of(secret),
        disabled_reason=None,
        failing_since=None,
        old_secret=None,
        old_secret_until=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **body.model_dump(exclude={"signing"}),
    )
    work.session.add(endpoint)
    await work.session.flush()
    _tell(work, endpoint, "created")
    return endpoint, _to_show(secret)


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
    check_types(changes.get("types", []))
    if changes.keys() & {"types", "condition"}:
        check_condition(changes.get("condition", endpoint.condition), changes.get("types", endpoint.types))
    for name, value in changes.items():
        setattr(endpoint, name, value)
    if changes.get("enabled") is True:
        endpoint.disabled_reason = endpoint.failing_since = endpoint.held_until = None
        endpoint.failures = 0
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


async def rotate(work: Work, endpoint_id: UUID, asked: Rotation, key: bytes) -> tuple[WebhookEndpoint, str | None]:
    """The former secret goes on signing as long as asked for. While one does so from an earlier rotation, the next has
    to wait or to cut it off: a receiver could know neither of the two that would be left."""
    endpoint = await get(work, endpoint_id, lock=True)
    if asked.overlap_hours and endpoint.old_secret_until is not None and work.now < endpoint.old_secret_until:
        raise StillRotating(f"The secret before this one signs until {endpoint.old_secret_until:%Y-%m-%dT%H:%M:%SZ}.")
    secret = new_secret(asked.signing or endpoint.signing)
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, work.now + timedelta(hours=asked.overlap_hours)
    endpoint.secret, endpoint.public_key = seal(secret.encode(), key, endpoint_id), public_key_of(secret)
    endpoint.version += 1
    endpoint.updated_at = work.now
    _tell(work, endpoint, "secret_rotated")
    return endpoint, _to_show(secret)


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
    await queue.enqueue(work, KIND, [(delivery.id, endpoint_id)])
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


def _to_show(secret: str) -> str | None:
    return secret if public_key_of(secret) is None else None


def _check_url(client: GuardedClient, url: str) -> None:
    try:
        client.check_url(url)
    except NotAllowed as problem:
        raise Unacceptable.field("/url", "url", f"{str(problem)[0].upper()}{str(problem)[1:]}.") from None
