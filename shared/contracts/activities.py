"""What customers do, as customers tells it: purchases, visits, cancellations and whatever else an account sends."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import PlainSerializer

from shared.contracts.base import Part, Payload

ActivityKind = Literal["purchase", "refund", "visit", "signup", "cancellation", "support", "custom"]


class ActivityAmount(Part):
    """Never negative: a refund is a kind of its own. `currency` as in ISO 4217."""

    amount: Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]
    currency: str


class ActivityRecorded(Payload):
    """A customer did something, however long ago (`occurred_at`); told once for each `source` and `source_id`.

    `name` says what a custom one is. `origin_customer_id` is whom it named, before any merge. Subject: the activity.
    """

    TYPE: ClassVar[str] = "heed.customers.activity.recorded.v1"

    activity_id: UUID
    customer_id: UUID
    origin_customer_id: UUID
    kind: ActivityKind
    name: str | None
    occurred_at: datetime
    received_at: datetime
    amount: ActivityAmount | None
    touchpoint: str | None
    properties: dict[str, Any]
    source: str
    source_id: str


class ActivityCorrected(Payload):
    """What was recorded was wrong: this is the whole activity as it is now. Subject: the activity."""

    TYPE: ClassVar[str] = "heed.customers.activity.corrected.v1"

    activity_id: UUID
    customer_id: UUID
    origin_customer_id: UUID
    kind: ActivityKind
    name: str | None
    occurred_at: datetime
    received_at: datetime
    amount: ActivityAmount | None
    touchpoint: str | None
    properties: dict[str, Any]
    source: str
    source_id: str


class ActivityDeleted(Payload):
    """It never happened, or is not to be known: do not count it. Subject: the activity."""

    TYPE: ClassVar[str] = "heed.customers.activity.deleted.v1"

    activity_id: UUID
    customer_id: UUID
    kind: ActivityKind
    name: str | None
    occurred_at: datetime
