"""WooCommerce: orders and new customers by webhook, product reviews by its REST API (woocommerce.github.io, v3).

The body of a webhook is the whole resource. Reviews have no webhook and no time of change, so the last week is read
again at each visit and a change is known by what it says.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import Field, TypeAdapter, ValidationError

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Handshake,
    LiveSecrets,
    Platform,
    Poll,
    Polled,
    PushComplete,
    Received,
    Unreadable,
    Verified,
)
from services.survey.adapters.markup import plain_text
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
    shaped,
    shortened,
    version_at,
    without_nones,
)
from services.survey.adapters.signatures import check_hmac
from services.survey.hearing.canonical import ActivityItem, Author, FeedbackItem, Item, ItemRating, version_of
from shared.http.schemas import Model

# An order is made before it is paid; these have been paid for.
_PAID: Final = {"processing", "completed", "refunded"}
_CALLED_OFF: Final = {"cancelled"}
_PAGE: Final = 100
_OVERLAP: Final = timedelta(days=7)
_PING_PREFIX: Final = b"webhook_id="
_INSTANT: Final = TypeAdapter[datetime](Instant)


class WooCommerceSettings(Model):
    address: str | None = Field(
        None,
        pattern=r"^https?://[^\s/?#]+(/[^\s?#]*)?$",
        max_length=500,
        description="The shop's address, such as `https://shop.example`. Only for reading product reviews.",
    )


class WooCommerceSecrets(Model):
    signing_secrets: LiveSecrets = Field(
        description="The `Secret` of the webhook under WooCommerce > Settings > Advanced > Webhooks."
    )
    consumer_key: str | None = Field(
        None,
        max_length=200,
        description="Settings > Advanced > REST API, with the permission Read. Only for product reviews.",
    )
    consumer_secret: str | None = Field(None, max_length=200, description="Shown together with the key, once.")


class _Billing(Sent):
    first_name: Maybe = None
    last_name: Maybe = None
    email: Maybe = None
    phone: Maybe = None


class _Refund(Sent):
    id: Id
    reason: Maybe = None
    total: Amount


class _Line(Sent):
    name: Maybe = None
    quantity: int = 0


class _Order(Sent):
    id: Id
    number: Maybe = None
    status: str
    currency: Currency
    total: Amount
    # The names without `_gmt` are in the shop's own zone, which nobody tells.
    date_created_gmt: Instant | None = None
    date_modified_gmt: Instant | None = None
    date_paid_gmt: Instant | None = None
    customer_id: Id | None = None
    billing: _Billing = _Billing()
    line_items: tuple[_Line, ...] = ()
    refunds: tuple[_Refund, ...] = ()


class _Gone(Sent):
    id: Id


class _Customer(Sent):
    id: Id
    date_created_gmt: Instant | None = None
    email: Maybe = None
    first_name: Maybe = None
    last_name: Maybe = None
    billing: _Billing = _Billing()


class _Review(Sent):
    id: Id
    date_created_gmt: Instant
    product_id: Id | None = None
    product_name: Maybe = None
    product_permalink: Maybe = None
    status: str = "approved"
    reviewer: Maybe = None
    reviewer_email: Maybe = None
    review: str = ""
    # 0: not rated.
    rating: int = Field(0, ge=0, le=5)
    verified: bool | None = None


class WooCommerce(PushComplete, Poll):
    name: ClassVar = "woocommerce"
    title: ClassVar = "WooCommerce"
    capabilities: ClassVar = Capabilities(poll=True, edits=True)
    setup: ClassVar = (
        (
            "Open WooCommerce > Settings > Advanced > Webhooks and add one each for Order created, Order "
            "updated and Customer created."
        ),
        "Delivery URL {url}, API version WP REST API v3, and the same secret as in `signing_secrets`.",
        "For product reviews add a REST API key with the permission Read under Advanced > REST API.",
    )
    settings: ClassVar = WooCommerceSettings
    secrets: ClassVar = WooCommerceSecrets

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        """The ping that WooCommerce sends when a webhook is saved: a form of one number, without a signature."""
        body = received.body
        is_ping = len(body) < 40 and body.startswith(_PING_PREFIX) and body[len(_PING_PREFIX) :].isdigit()
        return Handshake("ok") if is_ping and received.header("x-wc-webhook-signature") is None else None

    def verify(self, received: Received, connection: Connection) -> Verified:
        """WooCommerce signs no time; a repeated delivery is known by its id."""
        secrets: WooCommerceSecrets = connection.secrets
        signature = received.header("x-wc-webhook-signature")
        check_hmac(signature, received.body, secrets.signing_secrets, algorithm="sha256", encoding="base64")
        received.header("x-wc-webhook-topic")
        return Verified(scheme="hmac-sha256", delivery_id=received.header("x-wc-webhook-delivery-id"))

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        topic = first_header(received, "x-wc-webhook-topic") or ""
        if topic in {"order.created", "order.updated", "order.restored"}:
            return _order(read(_Order, received.body), received.at)
        if topic == "order.deleted":
            return [_deleted(read(_Gone, received.body), received.at)]
        if topic == "customer.created":
            return [_signup(read(_Customer, received.body), received.at)]
        if topic:
            return []
        raise Unreadable("The header X-WC-Webhook-Topic is missing, so nobody knows what this is.")

    def asks(self, settings: WooCommerceSettings) -> Mapping[str, str]:
        return {"address": settings.address} if settings.address else {}

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """Approved reviews, the oldest first; those that wait for approval are told once they have it."""
        settings: WooCommerceSettings = connection.settings
        secrets: WooCommerceSecrets = connection.secrets
        if not (settings.address and secrets.consumer_key and secrets.consumer_secret):
            return Polled([], dict(cursor))
        since, page = _place(cursor)
        key = f"{secrets.consumer_key}:{secrets.consumer_secret}"
        params = {
            "per_page": str(_PAGE),
            "page": str(page),
            "order": "asc",
            "orderby": "date_gmt",
            "status": "approved",
        }
        if since is not None:
            params |= {"after": (since - _OVERLAP).isoformat(), "dates_are_gmt": "true"}
        answer = await platform.request(
            "GET",
            f"{settings.address.rstrip('/')}/wp-json/wc/v3/products/reviews",
            headers={"Authorization": f"Basic {b64encode(key.encode()).decode()}"},
            params=params,
        )
        if answer.status in {401, 403}:
            raise AccessDenied
        if answer.status != 200 or not isinstance(answer.content, list):
            raise Unreadable(f"The shop answered {answer.status} instead of a list of reviews.")
        reviews = [shaped(_Review, each) for each in answer.content]
        items = [_review(each) for each in reviews if each.status == "approved"]
        if len(reviews) >= _PAGE:
            return Polled(items, {**cursor, "page": page + 1}, more=True)
        newest = max((each.date_created_gmt for each in reviews), default=since)
        return Polled(items, {"since": newest.isoformat()} if newest else {})


def _order(order: _Order, arrived_at: datetime) -> list[Item]:
    changed_at = order.date_modified_gmt or arrived_at
    about: dict[str, Any] = {
        "order_ref": order.number or order.id,
        "author": _buyer(order),
        "external_version": version_at(changed_at),
    }
    properties = without_nones(
        {
            "order_id": order.id,
            "order_number": order.number,
            "state": order.status,
            "items": sum(line.quantity for line in order.line_items) or None,
            "products": [shortened(line.name, 100) for line in order.line_items if line.name][:20] or None,
        }
    )
    about["properties"] = properties
    total = money(order.total, order.currency)
    items: list[Item] = []
    # Paid or once paid: a cancelled order that nobody paid for was a basket that was left behind.
    paid_at = order.date_paid_gmt or (order.date_created_gmt if order.status in _PAID else None)
    if paid_at is not None:
        items.append(ActivityItem(external_id=order.id, kind="purchase", occurred_at=paid_at, amount=total, **about))
        if order.status in _CALLED_OFF:
            items.append(
                ActivityItem(
                    external_id=f"cancelled:{order.id}",
                    kind="cancellation",
                    occurred_at=changed_at,
                    time_confidence="assumed",
                    amount=total,
                    **about,
                )
            )
    return items + [_refund(refund, order, changed_at, about) for refund in order.refunds]


def _refund(refund: _Refund, order: _Order, changed_at: datetime, about: dict[str, Any]) -> Item:
    """An order lists its refunds without their times; the first time it does so is the nearest there is."""
    return ActivityItem(
        **about
        | {
            "external_version": "1",
            "properties": without_nones(
                {"order_id": order.id, "order_number": order.number, "note": shortened(refund.reason)}
            ),
        },
        external_id=f"refund:{refund.id}",
        kind="refund",
        occurred_at=changed_at,
        time_confidence="assumed",
        amount=money(refund.total, order.currency),
    )


def _deleted(gone: _Gone, arrived_at: datetime) -> Item:
    return ActivityItem(
        external_id=gone.id,
        external_version=version_at(arrived_at),
        op="delete",
        kind="purchase",
        occurred_at=arrived_at,
        time_confidence="assumed",
    )


def _signup(customer: _Customer, arrived_at: datetime) -> Item:
    name = joined(
        (customer.first_name or customer.billing.first_name, customer.last_name or customer.billing.last_name)
    )
    return ActivityItem(
        external_id=f"customer:{customer.id}",
        kind="signup",
        occurred_at=customer.date_created_gmt or arrived_at,
        time_confidence="exact" if customer.date_created_gmt else "assumed",
        author=person(
            name=name,
            email=customer.email or customer.billing.email,
            phone=customer.billing.phone,
            handle=customer.id,
        ),
    )


def _review(review: _Review) -> Item:
    text = plain_text(review.review) or None
    rating = None
    if review.rating:
        rating = ItemRating(
            raw=str(review.rating), value=Decimal(review.rating), minimum=Decimal(1), maximum=Decimal(5)
        )
    return FeedbackItem(
        external_id=review.id,
        external_version=version_of([review.rating, text, review.reviewer, review.verified]),
        occurred_at=review.date_created_gmt,
        author=person(name=review.reviewer, email=review.reviewer_email),
        kind="review",
        channel="woocommerce",
        rating=rating,
        text=text,
        product_ref=review.product_id,
        url=review.product_permalink,
        verified=review.verified,
    )


def _buyer(order: _Order) -> Author:
    """Guests have the number 0."""
    billing = order.billing
    return person(
        name=joined((billing.first_name, billing.last_name)),
        email=billing.email,
        phone=billing.phone,
        handle=order.customer_id if order.customer_id != "0" else None,
    )


def _place(cursor: Mapping[str, Any]) -> tuple[datetime | None, int]:
    page = cursor.get("page")
    try:
        since = _INSTANT.validate_python(cursor["since"]).replace(tzinfo=UTC) if "since" in cursor else None
    except ValidationError:
        since = None
    return since, page if isinstance(page, int) and page > 0 else 1
