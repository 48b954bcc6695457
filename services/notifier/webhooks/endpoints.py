"""`/v1/webhook-endpoints`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import select

from services.notifier.webhooks import replay
from services.notifier.webhooks import service as webhooks
from services.notifier.webhooks.auth import WebhooksRead, WebhooksWrite
from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.schemas import (
    DeliveryDetail,
    DeliveryOut,
    DeliveryRequest,
    DeliveryState,
    EndpointOut,
    EndpointPatch,
    EndpointWithSecret,
    NewEndpoint,
    Redelivered,
    Redelivery,
    RotatedSecret,
    Rotation,
)
from services.notifier.webhooks.sending import body_of
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, RuntimeDep, set_etag
from shared.http.egress import guarded_client
from shared.http.errors import NotFound
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["webhooks"])


@router.get("")
async def list_webhook_endpoints(work: WebhooksRead, page: PageQuery) -> Page[EndpointOut]:
    """Oldest first."""
    statement = select(WebhookEndpoint).where(WebhookEndpoint.account_id == work.account_id)
    found: Page[WebhookEndpoint] = await paginate(work.session, statement, page, keys=(WebhookEndpoint.id.asc(),))
    return found.map(_out)


@router.post("", status_code=201)
async def create_webhook_endpoint(
    body: NewEndpoint, work: WebhooksWrite, runtime: RuntimeDep, response: Response
) -> EndpointWithSecret:
    """Events are posted as they happen, signed by Standard Webhooks. The answer holds the secret, this once."""
    key = webhooks.sealing_key(runtime)
    endpoint, secret = await webhooks.create(work, body, guarded_client(runtime), key)
    set_etag(response, endpoint.version)
    return EndpointWithSecret(**_out(endpoint).model_dump(), secret=secret)


@router.get("/{endpoint_id}")
async def get_webhook_endpoint(endpoint_id: UUID, work: WebhooksRead, response: Response) -> EndpointOut:
    endpoint = await webhooks.get(work, endpoint_id)
    set_etag(response, endpoint.version)
    return _out(endpoint)


@router.patch("/{endpoint_id}")
async def patch_webhook_endpoint(
    endpoint_id: UUID,
    body: EndpointPatch,
    work: WebhooksWrite,
    runtime: RuntimeDep,
    expected: IfMatch,
    response: Response,
) -> EndpointOut:
    """Change what is given. Switching off drops what waits to be delivered."""
    endpoint = await webhooks.change(work, endpoint_id, body, guarded_client(runtime), expected=expected)
    set_etag(response, endpoint.version)
    return _out(endpoint)


@router.delete("/{endpoint_id}", status_code=204)
async def delete_webhook_endpoint(endpoint_id: UUID, work: WebhooksWrite) -> None:
    await webhooks.delete(work, endpoint_id)


@router.get("/{endpoint_id}/deliveries")
async def list_webhook_deliveries(
    endpoint_id: UUID, work: WebhooksRead, page: PageQuery, state: Annotated[DeliveryState | None, Query()] = None
) -> Page[DeliveryOut]:
    """Newest first, each with its last attempt."""
    await webhooks.get(work, endpoint_id)
    statement = select(WebhookDelivery).where(
        WebhookDelivery.account_id == work.account_id, WebhookDelivery.endpoint_id == endpoint_id
    )
    if state is not None:
        statement = statement.where(WebhookDelivery.state == state)
    found: Page[WebhookDelivery] = await paginate(work.session, statement, page, keys=(WebhookDelivery.id.desc(),))
    return found.map(_delivery_out)


@router.get("/{endpoint_id}/deliveries/{delivery_id}")
async def get_webhook_delivery(endpoint_id: UUID, delivery_id: UUID, work: WebhooksRead) -> DeliveryDetail:
    """With the last request: what was sent, and the string that was signed."""
    delivery = await work.session.get(WebhookDelivery, delivery_id)
    if delivery is None or delivery.endpoint_id != endpoint_id:
        raise NotFound("There is no such delivery.")
    return DeliveryDetail(**_delivery_out(delivery).model_dump(), last_request=await _request_of(work, delivery))


@router.post("/{endpoint_id}/redeliver")
async def redeliver_webhooks(endpoint_id: UUID, body: Redelivery, work: WebhooksWrite) -> Redelivered:
    """Send again: one delivery, everything after a sequence number, or everything since a time."""
    return await replay.redeliver(work, endpoint_id, body)


@router.post("/{endpoint_id}/test", status_code=202)
async def test_webhook_endpoint(endpoint_id: UUID, work: WebhooksWrite) -> DeliveryOut:
    """Send an event that means nothing; watch it under `/deliveries/{id}`."""
    return _delivery_out(await webhooks.send_test(work, endpoint_id))


@router.post("/{endpoint_id}/rotate-secret")
async def rotate_webhook_secret(
    endpoint_id: UUID, work: WebhooksWrite, runtime: RuntimeDep, body: Rotation | None = None
) -> RotatedSecret:
    """A new secret, shown this once; the old one signs as well for 24 hours, unless said otherwise."""
    key = webhooks.sealing_key(runtime)
    endpoint, secret = await webhooks.rotate(work, endpoint_id, body or Rotation(), key)
    assert endpoint.old_secret_until is not None
    return RotatedSecret(secret=secret, public_key=endpoint.public_key, old_secret_until=endpoint.old_secret_until)


def _out(endpoint: WebhookEndpoint) -> EndpointOut:
    return EndpointOut.model_validate({name: getattr(endpoint, name) for name in EndpointOut.model_fields})


async def _request_of(work: Work, delivery: WebhookDelivery) -> DeliveryRequest | None:
    body = await body_of(work, delivery)
    if body is None or delivery.last_request is None:
        return None
    headers = delivery.last_request["headers"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}"
    return DeliveryRequest(url=delivery.last_request["url"], headers=headers, body=body.decode(), signed=signed)


def _delivery_out(delivery: WebhookDelivery) -> DeliveryOut:
    return DeliveryOut.model_validate({name: getattr(delivery, name) for name in DeliveryOut.model_fields})
