"""The objects of Stripe's events, as far as they are read (docs.stripe.com/api)."""

from typing import Any

from pydantic import Field

from services.survey.adapters.reading import Currency, Id, Instant, Maybe, Sent


class EventData(Sent):
    object: dict[str, Any]
    previous_attributes: dict[str, Any] = Field(default_factory=dict)


class Event(Sent):
    id: Id
    object: str = "event"
    type: str
    created: Instant
    livemode: bool
    data: EventData


class AnyBody(Sent):
    """What every body says, those of the second version of the API too."""

    object: Maybe = None


class Payer(Sent):
    email: Maybe = None
    name: Maybe = None
    phone: Maybe = None


class Session(Sent):
    id: Id
    created: Instant
    mode: str
    payment_status: str
    amount_total: int | None = None
    currency: Currency | None = None
    customer: Maybe = None
    customer_email: Maybe = None
    customer_details: Payer | None = None
    client_reference_id: Maybe = None
    invoice: Maybe = None
    payment_intent: Maybe = None
    metadata: dict[str, str] | None = None


class Transitions(Sent):
    paid_at: Instant | None = None


class Invoice(Sent):
    id: Id
    created: Instant
    number: Maybe = None
    amount_due: int = 0
    amount_paid: int = 0
    attempt_count: int = 0
    currency: Currency
    customer: Maybe = None
    customer_email: Maybe = None
    customer_name: Maybe = None
    customer_phone: Maybe = None
    billing_reason: Maybe = None
    status_transitions: Transitions = Transitions()
    metadata: dict[str, str] | None = None


class Charge(Sent):
    id: Id
    amount_refunded: int
    currency: Currency
    customer: Maybe = None
    billing_details: Payer | None = None
    payment_intent: Maybe = None
    metadata: dict[str, str] | None = None


class Before(Sent):
    amount_refunded: int = 0


class Evidence(Sent):
    customer_email_address: Maybe = None
    customer_name: Maybe = None


class Dispute(Sent):
    id: Id
    amount: int
    currency: Currency
    created: Instant
    charge: Maybe = None
    payment_intent: Maybe = None
    reason: Maybe = None
    evidence: Evidence | None = None


class Reasons(Sent):
    comment: Maybe = None
    feedback: Maybe = None
    reason: Maybe = None


class Subscription(Sent):
    id: Id
    created: Instant
    status: str
    customer: Maybe = None
    cancel_at_period_end: bool = False
    ended_at: Instant | None = None
    canceled_at: Instant | None = None
    cancellation_details: Reasons | None = None
