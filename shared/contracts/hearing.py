"""What connected sources told of beside what people said: things done, refused, asked for, and messages' fates."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.activities import ActivityAmount, ActivityKind
from shared.contracts.base import Payload
from shared.contracts.survey import CustomerReference


class ActivityObserved(Payload):
    """A source tells of an order, a refund, a cancellation; customers records it once for each `source_id` and
    `version`, which grows with each change there. Subject: what is made of both ids, the same for all versions.

    `customer` is named as the source knows them; by an order or a handle alone nobody becomes known. `removed`: it
    never happened.
    """

    TYPE: ClassVar[str] = "heed.survey.activity.observed.v1"

    source_id: UUID
    source: str
    external_id: str
    version: int
    customer: CustomerReference | None
    kind: ActivityKind
    name: str | None
    occurred_at: datetime
    amount: ActivityAmount | None
    order_ref: str | None
    touchpoint: str | None
    properties: dict[str, Any] = Field(default_factory=dict)
    removed: bool = False


class ConsentObserved(Payload):
    """Somebody wrote that they want no more messages on this channel, or want them again; the ledger writes it down.

    `proof` is what they wrote, or the sender's word for it. Subject: the statement.
    """

    TYPE: ClassVar[str] = "heed.survey.consent.observed.v1"

    statement_id: UUID
    source_id: UUID
    source: str
    customer: CustomerReference
    channel: Literal["email", "sms", "whatsapp"]
    granted: bool
    proof: str
    stated_at: datetime


class DeliveryReported(Payload):
    """What became of a message that was sent from here, as the provider says. Subject: the report.

    `message_id` is our own Message-ID, without its angle brackets, or the provider's id; a report may name only its
    `recipient`. `reason` is the provider's. Reports may come twice under other ids, and in any order.
    """

    TYPE: ClassVar[str] = "heed.survey.delivery.reported.v1"

    report_id: UUID
    source_id: UUID
    source: str
    channel: Literal["email", "sms", "whatsapp"]
    message_id: str | None
    recipient: str | None
    state: Literal["delivered", "bounced_hard", "bounced_soft", "complained", "unsubscribed", "failed"]
    reason: str | None
    reported_at: datetime


class PrivacyRequested(Payload):
    """A shop's customer wants to see or to be rid of what is kept of them; `erase_shop` is about everybody who is known
    by this source alone. Customers answers with `PrivacyMatched`. Subject: the request."""

    TYPE: ClassVar[str] = "heed.survey.privacy.requested.v1"

    request_id: UUID
    source_id: UUID
    source: str
    request: Literal["export", "erase", "erase_shop"]
    customer: CustomerReference | None
    requested_at: datetime


class PrivacyMatched(Payload):
    """Who a `PrivacyRequested` is about, at most 500 in one event; the gateway opens a request for each of them.

    Subject: the request.
    """

    TYPE: ClassVar[str] = "heed.customers.privacy.matched.v1"

    request_id: UUID
    source: str
    request: Literal["export", "erase"]
    customer_ids: tuple[UUID, ...]
