import base64
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import AccessDenied, Connection, Handshake, Unreadable
from services.survey.adapters.woocommerce import WooCommerce
from services.survey.hearing.canonical import ActivityItem, FeedbackItem
from tests.survey.adapters.broken import FAULTS, NOW, Sender, check, payload
from tests.survey.adapters.platforms import Recorded

REVIEWS = "/wp-json/wc/v3/products/reviews"


class WooCommerceSender(Sender):
    adapter: ClassVar = WooCommerce()
    signed_by = ("x-wc-webhook-signature",)
    exempt: ClassVar = dict.fromkeys(("stale", "future"), "the signature holds no time")

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"secret of {account}"], "consumer_key": "ck_1", "consumer_secret": "cs_1"}

    def settings(self) -> dict[str, Any]:
        return {"address": "https://shop.example/"}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret = connection.secrets.signing_secrets[0].encode()
        topic = "order.updated" if b'"line_items"' in body else "customer.created"
        return [
            ("x-wc-webhook-topic", "order.deleted" if len(body) < 40 else topic),
            ("x-wc-webhook-signature", base64.b64encode(hmac.digest(secret, body, "sha256")).decode()),
            ("x-wc-webhook-delivery-id", "9d9b0f5f7a3c"),
        ]


SENDER = WooCommerceSender()


def activities(name: str) -> list[ActivityItem]:
    return [
        item for item in SENDER.heard(SENDER.request(payload("woocommerce", name))) if isinstance(item, ActivityItem)
    ]


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("woocommerce", "order"))


def test_the_ping_of_a_new_webhook_is_answered() -> None:
    ping = replace(SENDER.unsigned(SENDER.request(b"")), body=b"webhook_id=17")

    assert SENDER.adapter.handshake(ping, SENDER.connection()) == Handshake("ok")
    for body in (b"webhook_id=17&x=1", b"webhook_id=", b"{}", b"webhook_id=" + b"1" * 100):
        assert SENDER.adapter.handshake(replace(ping, body=body), SENDER.connection()) is None


def test_a_paid_order_is_a_purchase_in_universal_time() -> None:
    (order,) = activities("order")

    assert (order.kind, order.external_id, order.order_ref) == ("purchase", "727", "727")
    assert order.occurred_at == datetime(2026, 11, 28, 15, 28, 8, tzinfo=UTC)
    assert order.amount is not None
    assert (order.amount.amount, order.amount.currency) == (Decimal("29.35"), "EUR")
    assert (order.author.email, order.author.handle) == ("john.doe@example.com", None)


def test_refunds_cancellations_and_what_was_never_paid() -> None:
    bought, refund = activities("order_refunded")
    assert (bought.kind, refund.kind, refund.external_id) == ("purchase", "refund", "refund:726")
    assert refund.amount is not None
    assert (refund.amount.amount, refund.properties["note"]) == (Decimal("10.00"), "arrived late")
    assert refund.time_confidence == "assumed"

    assert [item.kind for item in activities("order_cancelled")] == ["purchase", "cancellation"]
    assert activities("order_unpaid") == []


def test_a_deleted_order_and_a_new_customer() -> None:
    (gone,) = activities("order_deleted")
    assert (gone.op, gone.external_id) == ("delete", activities("order")[0].external_id)

    (customer,) = activities("customer")
    assert (customer.kind, customer.author.email, customer.author.handle) == ("signup", "john.doe@example.com", "25")


def review(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "date_created": "2026-11-20T10:00:00",
        "date_created_gmt": "2026-11-20T09:00:00",
        "product_id": 31,
        "status": "approved",
        "reviewer": "Mia",
        "reviewer_email": "mia@example.com",
        "review": "<p>Nice <em>album</em>!</p>\n",
        "rating": 5,
        "verified": True,
    } | more


async def test_reviews_are_read_a_page_at_a_time_and_the_last_week_again() -> None:
    page = [review(number) for number in range(100)]
    platform = Recorded(("GET", REVIEWS, 200, page), ("GET", REVIEWS, 200, [review(100)]), ("GET", REVIEWS, 200, []))
    adapter, connection = SENDER.adapter, SENDER.connection()

    first = await adapter.poll(connection, platform, {}, NOW)
    assert (len(first.items), first.more, first.cursor) == (100, True, {"page": 2})
    second = await adapter.poll(connection, platform, first.cursor, NOW)
    assert (len(second.items), second.more) == (1, False)
    third = await adapter.poll(connection, platform, second.cursor, NOW)
    assert (third.items, third.cursor) == ([], second.cursor)

    assert platform.sent[0].headers["Authorization"] == "Basic Y2tfMTpjc18x"
    assert platform.sent[1].params["page"] == "2"
    assert platform.sent[2].params["after"] == "2026-11-13T09:00:00+00:00"


async def test_a_review_is_text_with_stars_unless_it_waits_or_has_none() -> None:
    answer = [review(1), review(2, rating=0), review(3, status="hold"), review(4, status="spam"), review(1, rating=4)]
    platform = Recorded(("GET", REVIEWS, 200, answer))

    items = (await SENDER.adapter.poll(SENDER.connection(), platform, {}, NOW)).items

    assert [item.external_id for item in items] == ["1", "2", "1"]
    first, unrated, edited = items
    assert isinstance(first, FeedbackItem)
    assert isinstance(unrated, FeedbackItem)
    assert (first.text, first.kind, first.product_ref, first.verified) == ("Nice album!", "review", "31", True)
    assert first.rating is not None
    assert (first.rating.value, first.rating.minimum, unrated.rating) == (Decimal(5), Decimal(1), None)
    assert first.external_version != edited.external_version


@pytest.mark.parametrize(
    ("status", "content", "problem"),
    [
        (401, {}, AccessDenied),
        (403, {}, AccessDenied),
        (404, {}, Unreadable),
        (200, {}, Unreadable),
        (200, [1], Unreadable),
    ],
)
async def test_a_shop_that_answers_otherwise(status: int, content: Any, problem: type[Exception]) -> None:
    with pytest.raises(problem):
        await SENDER.adapter.poll(SENDER.connection(), Recorded(("GET", REVIEWS, status, content)), {}, NOW)
