"""Stripe: payments, refunds, disputes and subscriptions (docs.stripe.com: webhooks/signature, api/events, currencies).

The order of events is not guaranteed, so each item is named by the object it is about and versioned by the event's
time. Amounts are in the currency's smallest unit. A subscription names nobody but its customer's id, which a payment
has brought together with an address before.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import Field

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
from services.survey.adapters.currencies import in_main_units
from services.survey.adapters.reading import (
    money,
    named_in,
    person,
    read,
    shaped,
    shortened,
    version_at,
    without_nones,
)
from services.survey.adapters.signatures import check_digest, check_time, decoded, digests
from services.survey.adapters.stripe_objects import (
    AnyBody,
    Before,
    Charge,
    Dispute,
    Event,
    Evidence,
    Invoice,
    Payer,
    Reasons,
    Session,
    Subscription,
)
from services.survey.hearing.canonical import ActivityItem, Author, FeedbackItem, Item
from shared.contracts.activities import ActivityAmount
from shared.http.schemas import Model

_MOST_SIGNATURES: Final = 10


class StripeSettings(Model):
    test_mode: bool = Field(
        False, description="Take the events of Stripe's test mode, and only these. Leave it off for real customers."
    )


class StripeSecrets(Model):
    signing_secrets: LiveSecrets = Field(
        description="The `Signing secret` (whsec_...) of the endpoint under Developers > Webhooks. After it is rolled, "
        "the one before may stay as the second until it expires."
    )


class Stripe(PushComplete):
    name: ClassVar = "stripe"
    title: ClassVar = "Stripe"
    capabilities: ClassVar = Capabilities(edits=False)
    setup: ClassVar = (
        "In the Stripe dashboard open Developers > Webhooks and add the endpoint {url} for snapshot events.",
        (
            "Select checkout.session.completed, checkout.session.async_payment_succeeded, invoice.paid, "
            "invoice.payment_failed, charge.refunded, charge.dispute.created and "
            "customer.subscription.created, .updated and .deleted."
        ),
        "Copy its signing secret (whsec_...) into `signing_secrets`.",
    )
    settings: ClassVar = StripeSettings
    secrets: ClassVar = StripeSecrets

    def verify(self, received: Received, connection: Connection) -> Verified:
        """`t=...,v1=...`, possibly with several `v1` while the secret is changed. Other versions are not believed."""
        secrets: StripeSecrets = connection.secrets
        header = received.header("stripe-signature")
        if not header:
            raise Rejected("missing_signature")
        parts = [part.partition("=") for part in header.split(",")]
        stamps = [value for key, _, value in parts if key.strip() == "t"]
        signatures = [value for key, _, value in parts if key.strip() == "v1"]
        if len(stamps) != 1 or not 1 <= len(signatures) <= _MOST_SIGNATURES:
            raise Rejected("malformed_signature")
        signed = stamps[0].encode() + b"." + received.body
        allowed = digests(signed, secrets.signing_secrets, "sha256")
        if not any(_is_one_of(allowed, signature) for signature in signatures):
            raise Rejected("wrong_signature")
        sent_at = check_time(stamps[0], received.at)
        return Verified(scheme="v1", delivery_id=named_in(received.body, "id"), sent_at=sent_at)

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        settings: StripeSettings = connection.settings
        kind = read(AnyBody, received.body).object
        if kind is not None and kind.startswith("v2."):
            raise Unreadable(
                "This is a thin event of Stripe's API version 2, which holds nothing but names. "
                "Create the endpoint for snapshot events."
            )
        event = read(Event, received.body)
        if event.livemode == settings.test_mode:
            came, wanted = ("real", "test") if event.livemode else ("test", "real")
            raise Unreadable(f"This is a {came} event, and the source takes {wanted} ones; see its `test_mode`.")
        reader = _READERS.get(event.type)
        return reader(event) if reader else []


def _is_one_of(allowed: Sequence[bytes], signature: str) -> bool:
    try:
        check_digest(decoded(signature, "hex"), allowed)
    except Rejected:
        return False
    return True


def _session(event: Event) -> list[Item]:
    """A session that makes an invoice is the purchase that the invoice tells of, and has its name."""
    session = shaped(Session, event.data.object)
    if session.payment_status != "paid" or not session.amount_total or session.currency is None:
        return []
    payer = session.customer_details or Payer()
    return [
        ActivityItem(
            external_id=session.invoice or session.id,
            external_version=version_at(event.created),
            kind="purchase",
            occurred_at=session.created,
            amount=_amount(session.amount_total, session.currency),
            order_ref=_order_ref(session.metadata) or session.client_reference_id or session.payment_intent,
            author=_author(session.customer, payer.email or session.customer_email, payer.name, payer.phone),
            properties=without_nones(
                {"checkout_session": session.id, "payment_intent": session.payment_intent, "mode": session.mode}
            ),
        )
    ]


def _paid(event: Event) -> list[Item]:
    invoice = shaped(Invoice, event.data.object)
    # Nothing was paid for the first invoice of a trial.
    if not invoice.amount_paid:
        return []
    return [
        ActivityItem(
            external_id=invoice.id,
            external_version=version_at(event.created),
            kind="purchase",
            occurred_at=invoice.status_transitions.paid_at or event.created,
            amount=_amount(invoice.amount_paid, invoice.currency),
            order_ref=_order_ref(invoice.metadata) or invoice.number,
            author=_invoiced(invoice),
            properties=without_nones({"invoice": invoice.number, "billing_reason": invoice.billing_reason}),
        )
    ]


def _payment_failed(event: Event) -> list[Item]:
    invoice = shaped(Invoice, event.data.object)
    return [
        ActivityItem(
            external_id=f"failed:{invoice.id}:{invoice.attempt_count}",
            kind="custom",
            name="payment_failed",
            occurred_at=event.created,
            amount=_amount(invoice.amount_due, invoice.currency),
            order_ref=_order_ref(invoice.metadata) or invoice.number,
            author=_invoiced(invoice),
            properties=without_nones({"invoice": invoice.number, "attempts": invoice.attempt_count}),
        )
    ]


def _refunded(event: Event) -> list[Item]:
    """A charge counts all its refunds together; this one is what has been added, and the sum so far names it."""
    charge = shaped(Charge, event.data.object)
    before = shaped(Before, event.data.previous_attributes).amount_refunded
    if charge.amount_refunded <= before:
        return []
    payer = charge.billing_details or Payer()
    return [
        ActivityItem(
            external_id=f"refund:{charge.id}:{charge.amount_refunded}",
            kind="refund",
            occurred_at=event.created,
            amount=_amount(charge.amount_refunded - before, charge.currency),
            order_ref=_order_ref(charge.metadata) or charge.payment_intent,
            author=_author(charge.customer, payer.email, payer.name, payer.phone),
            properties=without_nones({"charge": charge.id, "payment_intent": charge.payment_intent}),
        )
    ]


def _disputed(event: Event) -> list[Item]:
    dispute = shaped(Dispute, event.data.object)
    evidence = dispute.evidence or Evidence()
    return [
        ActivityItem(
            external_id=f"dispute:{dispute.id}",
            kind="custom",
            name="dispute",
            occurred_at=dispute.created,
            amount=_amount(dispute.amount, dispute.currency),
            order_ref=dispute.payment_intent,
            author=person(email=evidence.customer_email_address, name=evidence.customer_name),
            properties=without_nones({"charge": dispute.charge, "reason": dispute.reason}),
        )
    ]


def _subscribed(event: Event) -> list[Item]:
    subscription = shaped(Subscription, event.data.object)
    return [_step(subscription, event, "signup", None, "started", properties={"status": subscription.status})]


def _changed(event: Event) -> list[Item]:
    """Of all that can change only what says that somebody wants to leave, wants to stay after all, or owes money."""
    subscription, before = shaped(Subscription, event.data.object), event.data.previous_attributes
    items: list[Item] = []
    if "cancel_at_period_end" in before:
        name = "cancellation_planned" if subscription.cancel_at_period_end else "cancellation_withdrawn"
        items.append(_step(subscription, event, "custom", name, f"{name}:{event.id}"))
        if subscription.cancel_at_period_end:
            items += _last_words(subscription, event)
    if "status" in before and subscription.status in {"past_due", "unpaid", "paused"}:
        items.append(_step(subscription, event, "custom", f"subscription_{subscription.status}", event.id))
    return items


def _ended(event: Event) -> list[Item]:
    subscription = shaped(Subscription, event.data.object)
    why = subscription.cancellation_details or Reasons()
    properties = without_nones({"reason": why.reason, "feedback": why.feedback})
    return [
        _step(subscription, event, "cancellation", None, "ended", properties=properties),
        *_last_words(subscription, event),
    ]


def _step(
    subscription: Subscription,
    event: Event,
    kind: Any,
    name: str | None,
    step: str,
    *,
    properties: dict[str, Any] | None = None,
) -> Item:
    started = kind == "signup"
    ended_at = subscription.ended_at or subscription.canceled_at if kind == "cancellation" else None
    return ActivityItem(
        external_id=f"subscription:{subscription.id}:{step}",
        kind=kind,
        name=name,
        occurred_at=subscription.created if started else ended_at or event.created,
        author=person(handle=subscription.customer),
        properties={"subscription": subscription.id, **(properties or {})},
    )


def _last_words(subscription: Subscription, event: Event) -> list[Item]:
    """What somebody wrote in Stripe's customer portal when they left."""
    why = subscription.cancellation_details or Reasons()
    if why.comment is None:
        return []
    return [
        FeedbackItem(
            external_id=f"cancellation:{subscription.id}",
            external_version=version_at(event.created),
            occurred_at=event.created,
            kind="survey",
            channel="stripe",
            text=why.comment,
            author=person(handle=subscription.customer),
            solicited=True,
            touchpoint="cancellation",
            dimensions={"reason": why.feedback} if why.feedback else {},
        )
    ]


def _invoiced(invoice: Invoice) -> Author:
    return _author(invoice.customer, invoice.customer_email, invoice.customer_name, invoice.customer_phone)


def _author(customer: str | None, email: str | None, name: str | None, phone: str | None) -> Author:
    return person(name=name, email=email, phone=phone, handle=customer)


def _order_ref(metadata: Mapping[str, str] | None) -> str | None:
    """Shop systems write their order into the metadata, under one of these."""
    names = ("order_number", "order_id", "order")
    return shortened(next((value for name in names if (value := (metadata or {}).get(name))), None), 200)


def _amount(units: int, currency: str) -> ActivityAmount:
    return money(in_main_units(Decimal(units), currency), currency)


_READERS: Final[Mapping[str, Callable[[Event], list[Item]]]] = {
    "checkout.session.completed": _session,
    "checkout.session.async_payment_succeeded": _session,
    "invoice.paid": _paid,
    "invoice.payment_failed": _payment_failed,
    "charge.refunded": _refunded,
    "charge.dispute.created": _disputed,
    "customer.subscription.created": _subscribed,
    "customer.subscription.updated": _changed,
    "customer.subscription.deleted": _ended,
}
