import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from services.survey.adapters.base import Connection, Rejected, Unreadable
from services.survey.adapters.stripe import Stripe
from services.survey.hearing.canonical import ActivityItem, FeedbackItem, Item
from tests.survey.adapters.broken import FAULTS, Sender, check, payload, payloads


class StripeSender(Sender):
    adapter: ClassVar = Stripe()
    signed_by = ("stripe-signature",)

    def secrets(self, account: str) -> dict[str, Any]:
        return {"signing_secrets": [f"whsec_{account}_test_secret", "whsec_test_secret"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        stamp = str(int(at.timestamp()))
        secret = connection.secrets.signing_secrets[0].encode()
        signature = hmac.digest(secret, f"{stamp}.".encode() + body, "sha256").hex()
        return [("stripe-signature", f"t={stamp},v1={signature},v0=6ffbb59b2300aae63f272406069a9788598b792a94a07aa81")]


SENDER = StripeSender()


def items(name: str, **replaced: bytes) -> list[Item]:
    body = payload("stripe", name)
    for was, now in replaced.items():
        assert was.encode() in body
        body = body.replace(was.encode(), now)
    return list(SENDER.heard(SENDER.request(body)))  # type: ignore[arg-type]


def activity(name: str, **replaced: bytes) -> ActivityItem:
    first = items(name, **replaced)[0]
    assert isinstance(first, ActivityItem)
    return first


@pytest.mark.parametrize("fault", FAULTS)
def test_broken(fault: str) -> None:
    check(fault, SENDER, payload("stripe", "checkout"))


@pytest.mark.parametrize("name", payloads("stripe"))
def test_every_documented_payload_is_heard(name: str) -> None:
    assert items(name)


# Of stripe-python's own tests. Their `tolerance` is of one side; ours is of both.
BODY = b"""{
  "id": "evt_test_webhook",
  "object": "event",
  "data": { "object": { "id": "rdr_123", "object": "terminal.reader" } }
}"""
V1 = "117f2d4aa1697fc9f837f2feca4e5e23ec790ffa7b6b669073d3677ae48c4b5f"
NEWER = "546ec525a7b46a0743669eccd97507fbb5a4500f53763e4525ca2a7bafa3e805"


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (f"t=1614265330,v1={V1}", None),
        (f"t=1614265330,v1={V1},v1=bad_signature", None),
        ("i'm not even a real signature header", "malformed_signature"),
        (f"t=1614265330,v0={V1}", "malformed_signature"),
        (f"t=1614265330,t=1614265331,v1={V1}", "malformed_signature"),
        ("t=1614265330,v1=bad_signature", "wrong_signature"),
        ("t=1614265330," + ",".join([f"v1={V1}"] * 11), "malformed_signature"),
        (f"t=1614268930,v1={NEWER}", "future"),
    ],
)
def test_published_signatures(header: str, reason: str | None) -> None:
    at = datetime.fromtimestamp(1614265330, UTC)
    request = replace(SENDER.request(BODY), headers=(("stripe-signature", header),), at=at)
    if reason is None:
        assert SENDER.adapter.verify(request, SENDER.connection()).delivery_id == "evt_test_webhook"
    else:
        with pytest.raises(Rejected, match=reason):
            SENDER.adapter.verify(request, SENDER.connection())


def test_a_paid_checkout_is_a_purchase() -> None:
    bought = activity("checkout")

    assert (bought.kind, bought.external_id, bought.order_ref) == ("purchase", "cs_live_a1b2", "6735")
    assert bought.amount is not None
    assert (bought.amount.amount, bought.amount.currency) == (Decimal("21.98"), "EUR")
    assert (bought.author.email, bought.author.handle) == ("jenny@example.com", "cus_Na6dX7aXxi11N4")
    assert items("checkout", **{'"payment_status": "paid"': b'"payment_status": "unpaid"'}) == []


def test_a_checkout_and_the_invoice_that_it_makes_are_one_purchase() -> None:
    session = activity("checkout", **{'"invoice": null': b'"invoice": "in_1MtHbELkdIwHu7ixl4OzzPMv"'})

    assert session.external_id == activity("invoice_paid").external_id
    assert items("invoice_paid", **{'"amount_paid": 5000': b'"amount_paid": 0'}) == []


@pytest.mark.parametrize(
    ("currency", "amount"),
    [(b"jpy", "5000"), (b"kwd", "5.000"), (b"eur", "50.00"), (b"ugx", "50.00"), (b"vnd", "5000")],
)
def test_currencies_have_no_two_or_three_places(currency: bytes, amount: str) -> None:
    paid = activity("invoice_paid", **{'"currency": "jpy"': b'"currency": "' + currency + b'"'})
    assert paid.amount is not None
    assert str(paid.amount.amount) == amount


def test_a_refund_is_what_was_added_to_the_earlier_ones() -> None:
    refund = activity("refunded")

    assert refund.amount is not None
    assert (refund.kind, refund.amount.amount) == ("refund", Decimal("25.00"))
    assert refund.external_id == "refund:ch_3MmlLrLkdIwHu7ix0snN0B15:7500"
    assert items("refunded", **{'"amount_refunded": 7500': b'"amount_refunded": 5000'}) == []


def test_failed_payments_and_disputes() -> None:
    failed, dispute = activity("invoice_failed"), activity("dispute")

    assert (failed.kind, failed.name, failed.properties["attempts"]) == ("custom", "payment_failed", 2)
    assert (dispute.name, dispute.properties["reason"]) == ("dispute", "product_not_received")
    assert dispute.amount is not None
    assert str(dispute.amount.amount) == "1.000"


def test_a_subscription_from_its_beginning_to_its_end() -> None:
    begun = activity("subscription_created")
    planned, words = items("subscription_updated")
    ended, again = items("subscription_deleted")

    assert begun.kind == "signup"
    assert isinstance(planned, ActivityItem)
    assert isinstance(ended, ActivityItem)
    assert (planned.name, ended.kind) == ("cancellation_planned", "cancellation")
    assert ended.occurred_at == datetime.fromtimestamp(1795867199, UTC)
    assert ended.properties["feedback"] == "customer_service"
    assert isinstance(words, FeedbackItem)
    assert (words.text, words.kind, words.dimensions) == (
        "Nobody answers my mails.",
        "survey",
        {"reason": "customer_service"},
    )
    assert words.external_id == again.external_id
    assert {begun.author.handle, ended.author.handle} == {"cus_Na6dX7aXxi11N4"}


def test_test_events_do_not_reach_a_real_source_nor_real_ones_a_test_source() -> None:
    trial = payload("stripe", "checkout").replace(b'"livemode": true', b'"livemode": false')
    with pytest.raises(Unreadable, match="test event"):
        SENDER.heard(SENDER.request(trial))

    testing = replace(SENDER.connection(), settings=Stripe.settings(test_mode=True))
    assert SENDER.heard(SENDER.request(trial, testing), testing)
    with pytest.raises(Unreadable, match="real event"):
        SENDER.heard(SENDER.request(payload("stripe", "checkout"), testing), testing)


def test_thin_events_say_what_to_do_and_unknown_types_are_left_alone() -> None:
    thin = b'{"id": "evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0", "object": "v2.core.event", "type": "v1.x"}'
    with pytest.raises(Unreadable, match="snapshot events"):
        SENDER.heard(SENDER.request(thin))
    assert items("checkout", **{"checkout.session.completed": b"price.created"}) == []
