import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Received, Rejected, Unreadable
from services.survey.adapters.shopify import Shopify
from services.survey.hearing.canonical import ActivityItem, Author, Item, PrivacyItem
from tests.survey.adapters.broken import FAULTS, Sender, check, payload

TOPICS = {
    b'"data_request"': "customers/data_request",
    b'"orders_to_redact"': "customers/redact",
    b'"transactions"': "refunds/create",
    b'"line_items"': "orders/updated",
}


class ShopifySender(Sender):
    adapter: ClassVar = Shopify()
    signed_by = ("x-shopify-hmac-sha256",)
    exempt: ClassVar = dict.fromkeys(("stale", "future"), "the signature holds no time")

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"client secret of {account}", "the one before"]}

    def settings(self) -> dict[str, Any]:
        return {"shop": "example.myshopify.com"}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret = connection.secrets.signing_secrets[0].encode()
        topic = next((topic for mark, topic in TOPICS.items() if mark in body), "shop/redact")
        return [
            ("x-shopify-topic", topic),
            ("x-shopify-hmac-sha256", base64.b64encode(hmac.digest(secret, body, "sha256")).decode()),
            ("x-shopify-shop-domain", "example.myshopify.com"),
            ("x-shopify-api-version", "2026-10"),
            ("x-shopify-webhook-id", "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043"),
            ("x-shopify-event-id", "98880550-7158-44d4-b7cd-2c97c8a091b5"),
            ("x-shopify-triggered-at", at.isoformat().replace("+00:00", ".123456789Z")),
        ]


SENDER = ShopifySender()


def items(name: str, *, topic: str | None = None) -> list[Item]:
    request = SENDER.request(payload("shopify", name))
    return list(SENDER.heard(with_header(request, "x-shopify-topic", topic)))  # type: ignore[arg-type]


def with_header(request: Received, name: str, value: str | None) -> Received:
    if value is None:
        return request
    return replace(request, headers=tuple((key, value if key == name else was) for key, was in request.headers))


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("shopify", "order"))


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated"])
def test_an_order_is_one_purchase_whatever_the_topic(topic: str) -> None:
    (order,) = items("order", topic=topic)

    assert isinstance(order, ActivityItem)
    assert (order.kind, order.external_id, order.order_ref) == ("purchase", "820982911946154508", "#9999")
    assert order.external_version == "2026-11-28T17:00:03.000000Z"
    assert order.occurred_at == datetime(2026, 11, 28, 17, tzinfo=UTC)
    assert order.amount is not None
    assert (order.amount.amount, order.amount.currency) == (Decimal("409.94"), "USD")
    assert (order.author.email, order.author.name) == ("jon@example.com", "John Smith")
    assert order.properties["order_name"] == "#9999"
    assert (order.properties["order_id"], order.properties["order_number"]) == ("820982911946154508", "1234")
    assert (order.properties["items"], order.properties["products"]) == (2, ["IPod Nano - 8GB", "Socks"])


def test_a_cancelled_order_is_a_purchase_and_its_cancellation() -> None:
    bought, cancelled = items("order_cancelled", topic="orders/cancelled")

    assert isinstance(bought, ActivityItem)
    assert isinstance(cancelled, ActivityItem)
    assert (bought.kind, cancelled.kind) == ("purchase", "cancellation")
    assert cancelled.order_ref == bought.order_ref
    assert cancelled.properties["reason"] == "customer"


def test_a_refund_is_what_was_paid_back_and_names_its_order() -> None:
    (refund,) = items("refund")

    assert isinstance(refund, ActivityItem)
    assert refund.amount is not None
    assert (refund.kind, refund.amount.amount) == ("refund", Decimal("209.00"))
    assert refund.order_ref == items("order")[0].external_id
    assert refund.author == Author()


def test_an_exchange_without_money_and_a_test_order_are_nothing() -> None:
    exchange = payload("shopify", "refund").replace(b'"success"', b'"failure"')
    trial = payload("shopify", "order").replace(b'"test": false', b'"test": true')

    assert SENDER.heard(SENDER.request(exchange)) == []
    assert SENDER.heard(SENDER.request(trial)) == []


@pytest.mark.parametrize(
    ("name", "request_", "named"),
    [
        ("data_request", "export", "customers/data_request:9999"),
        ("redact", "erase", "customers/redact:191167"),
        ("shop_redact", "erase_shop", "shop/redact:954889"),
    ],
)
def test_the_three_privacy_topics(name: str, request_: str, named: str) -> None:
    (asked,) = items(name)

    assert isinstance(asked, PrivacyItem)
    assert (asked.request, asked.external_id) == (request_, f"{named}:98880550-7158-44d4-b7cd-2c97c8a091b5")
    assert asked.author.email == (None if name == "shop_redact" else "john@example.com")


def test_one_event_delivered_twice_is_two_deliveries_and_the_same_items() -> None:
    """Two subscriptions to one topic: the webhook id tells deliveries apart, versions make the effect one."""
    for name in ("order", "redact"):
        first = SENDER.request(payload("shopify", name))
        second = with_header(first, "x-shopify-webhook-id", "c65668f5-bdd9-4b37-8a5f-bf7d70bcd043")
        connection = SENDER.connection()

        assert SENDER.adapter.verify(first, connection) != SENDER.adapter.verify(second, connection)
        assert SENDER.heard(first) == SENDER.heard(second)


def test_the_secret_before_works_and_another_shop_is_refused() -> None:
    body = payload("shopify", "order")
    before = base64.b64encode(hmac.new(b"the one before", body, hashlib.sha256).digest()).decode()
    request = SENDER.request(body)

    assert SENDER.heard(with_header(request, "x-shopify-hmac-sha256", before))
    with pytest.raises(Rejected, match="wrong_audience"):
        SENDER.heard(with_header(request, "x-shopify-shop-domain", "other.myshopify.com"))


def test_how_old_a_delivery_is_is_known_and_not_believed() -> None:
    request = SENDER.request(payload("shopify", "order"))
    connection = SENDER.connection()

    assert SENDER.adapter.verify(request, connection).sent_at == datetime(2026, 11, 29, 12, 0, 0, 123456, UTC)
    assert SENDER.adapter.verify(with_header(request, "x-shopify-triggered-at", "soon"), connection).sent_at is None


def test_other_topics_are_left_alone_and_none_is_unreadable() -> None:
    assert items("order", topic="products/update") == []
    with pytest.raises(Unreadable):
        items("order", topic="")
