"""Shopify: orders, refunds and the three privacy topics (shopify.dev: verify deliveries, privacy compliance).

A refund names its order by id and nobody; whose it is tells the purchase. Retries keep the first payload, so a version
is the order's own `updated_at`, and an old delivery that comes late changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import Field, TypeAdapter, ValidationError

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.reading import (
    Amount,
    Currency,
    Id,
    Instant,
    Maybe,
    Sent,
    first_header,
    joined,
    money,
    person,
    read,
    shortened,
    version_at,
    without_nones,
)
from services.survey.adapters.signatures import check_hmac
from services.survey.hearing.canonical import ActivityItem, Author, Item, PrivacyItem, PrivacyRequest, version_of
from shared.http.schemas import Model

_MOST_PRODUCTS: Final = 20
_INSTANT: Final = TypeAdapter[datetime](Instant)


class ShopifySettings(Model):
    shop: str | None = Field(
        None,
        pattern=r"^[a-z0-9][a-z0-9-]*\.myshopify\.com$",
        description="The shop's own address, such as `example.myshopify.com`; deliveries of other shops are refused. "
        "Needed if several shops share one app.",
    )


class ShopifySecrets(Model):
    signing_secrets: LiveSecrets = Field(
        description="Settings > Notifications > Webhooks shows it below the list (`... will be signed with`); "
        "for webhooks of an app it is the app's client secret. The one before may stay as the second: Shopify "
        "signs with it for up to an hour after a change."
    )


class _Customer(Sent):
    id: Id | None = None
    email: Maybe = None
    phone: Maybe = None
    first_name: Maybe = None
    last_name: Maybe = None


class _Line(Sent):
    title: Maybe = None
    quantity: int = 0
    product_id: Id | None = None


class _Order(Sent):
    id: Id
    name: Maybe = None
    order_number: Maybe = None
    created_at: Instant
    updated_at: Instant | None = None
    processed_at: Instant | None = None
    cancelled_at: Instant | None = None
    cancel_reason: Maybe = None
    financial_status: Maybe = None
    source_name: Maybe = None
    location_id: Id | None = None
    currency: Currency
    total_price: Amount
    email: Maybe = None
    phone: Maybe = None
    customer: _Customer | None = None
    line_items: tuple[_Line, ...] = ()
    test: bool = False


class _Transaction(Sent):
    kind: str
    status: str
    amount: Amount = Decimal(0)
    currency: Currency


class _Refund(Sent):
    id: Id
    order_id: Id
    created_at: Instant
    note: Maybe = None
    transactions: tuple[_Transaction, ...] = ()


class _DataRequest(Sent):
    id: Id


class _Privacy(Sent):
    shop_id: Id
    shop_domain: Maybe = None
    customer: _Customer | None = None
    data_request: _DataRequest | None = None


class Shopify(PushComplete):
    name: ClassVar = "shopify"
    title: ClassVar = "Shopify"
    capabilities: ClassVar = Capabilities(text=False, deletions=False)
    setup: ClassVar = (
        "In the Shopify admin open Settings > Notifications > Webhooks.",
        (
            "Create a webhook for each of: Order creation, Order update, Order cancellation and Refund "
            "create; format JSON, URL {url}."
        ),
        "Copy the secret shown below the list into `signing_secrets`.",
        "An app of your own: enter {url} for the three mandatory compliance webhooks too.",
    )
    settings: ClassVar = ShopifySettings
    secrets: ClassVar = ShopifySecrets

    def verify(self, received: Received, connection: Connection) -> Verified:
        """Without a time window: Shopify signs none. How old a delivery is says `X-Shopify-Triggered-At`."""
        secrets: ShopifySecrets = connection.secrets
        signature = received.header("x-shopify-hmac-sha256")
        check_hmac(signature, received.body, secrets.signing_secrets, algorithm="sha256", encoding="base64")
        received.header("x-shopify-topic")
        settings: ShopifySettings = connection.settings
        if settings.shop is not None and received.header("x-shopify-shop-domain") != settings.shop:
            raise Rejected("wrong_audience")
        return Verified(
            scheme="hmac-sha256",
            delivery_id=received.header("x-shopify-webhook-id"),
            sent_at=_triggered_at(received),
        )

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        topic = first_header(received, "x-shopify-topic") or ""
        if topic in _ORDERS:
            return _order(read(_Order, received.body), received)
        if topic == "refunds/create":
            return _refund(read(_Refund, received.body))
        if topic in _REQUESTS:
            return [_privacy(read(_Privacy, received.body), topic, received)]
        if topic:
            return []
        raise Unreadable("The header X-Shopify-Topic is missing, so nobody knows what this is.")


_ORDERS: Final = {"orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled"}
_REQUESTS: Final[Mapping[str, PrivacyRequest]] = {
    "customers/data_request": "export",
    "customers/redact": "erase",
    "shop/redact": "erase_shop",
}


def _order(order: _Order, received: Received) -> list[Item]:
    """Every topic tells the whole order, so all of them make the same purchase, and a cancelled order the same
    cancellation, whichever comes first or again."""
    if order.test:
        return []
    changed_at = order.updated_at or _triggered_at(received) or received.at
    about: dict[str, Any] = {
        "order_ref": order.name or order.order_number or order.id,
        "external_version": version_at(changed_at),
        "author": _buyer(order),
        "amount": money(order.total_price, order.currency),
    }
    properties = _properties(order)
    placed_at = order.processed_at or order.created_at
    items: list[Item] = [
        ActivityItem(external_id=order.id, kind="purchase", occurred_at=placed_at, properties=properties, **about)
    ]
    if order.cancelled_at is not None:
        items.append(
            ActivityItem(
                external_id=f"cancelled:{order.id}",
                kind="cancellation",
                occurred_at=order.cancelled_at,
                properties=properties | without_nones({"reason": order.cancel_reason}),
                **about,
            )
        )
    return items


def _properties(order: _Order) -> dict[str, Any]:
    titles = [shortened(line.title, 100) for line in order.line_items if line.title]
    return without_nones(
        {
            "order_id": order.id,
            "order_name": order.name,
            "order_number": order.order_number,
            "state": order.financial_status,
            "sold_through": order.source_name,
            "location_id": order.location_id,
            "items": sum(line.quantity for line in order.line_items) or None,
            "products": titles[:_MOST_PRODUCTS] or None,
        }
    )


def _refund(refund: _Refund) -> list[Item]:
    paid_back = [each for each in refund.transactions if each.kind == "refund" and each.status == "success"]
    # Goods can come back without money, as in an exchange.
    if not paid_back:
        return []
    amount = sum((each.amount for each in paid_back), Decimal(0))
    return [
        ActivityItem(
            external_id=f"refund:{refund.id}",
            kind="refund",
            occurred_at=refund.created_at,
            amount=money(amount, paid_back[0].currency),
            order_ref=refund.order_id,
            properties=without_nones({"order_id": refund.order_id, "note": shortened(refund.note)}),
        )
    ]


def _privacy(asked: _Privacy, topic: str, received: Received) -> PrivacyItem:
    """Once for each event of Shopify's, however many subscriptions or retries deliver it."""
    customer = asked.customer or _Customer()
    event = first_header(received, "x-shopify-event-id")
    named = asked.data_request.id if asked.data_request else customer.id or asked.shop_id
    return PrivacyItem(
        # Whoever comes back may ask again.
        external_id=f"{topic}:{named}:{event[:200] if event else version_of(asked.model_dump(mode='json'))}",
        occurred_at=_triggered_at(received) or received.at,
        time_confidence="exact" if _triggered_at(received) else "assumed",
        author=person(email=customer.email, phone=customer.phone, handle=customer.id),
        request=_REQUESTS[topic],
    )


def _buyer(order: _Order) -> Author:
    customer = order.customer or _Customer()
    return person(
        name=joined((customer.first_name, customer.last_name)),
        email=order.email or customer.email,
        phone=order.phone or customer.phone,
        handle=customer.id,
    )


def _triggered_at(received: Received) -> datetime | None:
    try:
        return _INSTANT.validate_strings(first_header(received, "x-shopify-triggered-at") or "")
    except ValidationError:
        return None
