"""Activities in requests and answers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.customers.records.identities import IdentityKind
from services.customers.records.schemas import Email, ExternalId, ItemProblem, Phone
from shared.contracts.activities import ActivityKind
from shared.http.schemas import Model, Moment, Money, Name

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# By name once: for a hundred thousand activities it matters.
_EXTERNAL_ID, _EMAIL, _PHONE = IdentityKind
MOST_PROPERTIES = 50
LARGEST_PROPERTIES = 16_384

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
PropertyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
SourceId = Annotated[str, Field(min_length=1, max_length=200)]


def _properties(value: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(orjson.dumps(value))
    except TypeError:
        raise ValueError("has a number too large to be exact everywhere; send it as text") from None
    if size > LARGEST_PROPERTIES:
        raise ValueError(f"is larger than {LARGEST_PROPERTIES} bytes")
    return value


def _not_negative(value: Money) -> Money:
    if value.amount < 0:
        raise ValueError("is negative; money that goes back is an activity of kind refund")
    return value


Amount = Annotated[Money, AfterValidator(_not_negative)]
Properties = Annotated[dict[PropertyName, Any], Field(max_length=MOST_PROPERTIES), AfterValidator(_properties)]
OccurredAt = Annotated[Moment, Field(ge=EARLIEST)]


class CustomerNamed(Model):
    """Whose it was. Any one field but `name` suffices; somebody new becomes a customer."""

    id: UUID | None = None
    external_id: ExternalId | None = None
    email: Email | None = None
    phone: Phone | None = None
    name: Name | None = None

    @model_validator(mode="after")
    def can_be_told_apart(self) -> "CustomerNamed":
        if self.id is None and not self.identities():
            raise ValueError("give at least one of id, external_id, email, phone")
        return self

    def identities(self) -> dict[IdentityKind, str]:
        stated = ((_EXTERNAL_ID, self.external_id), (_EMAIL, self.email), (_PHONE, self.phone))
        return {kind: value for kind, value in stated if value is not None}


class NewActivity(Model):
    """`source_id` is yours, within `source`: the same pair is the same activity, however often it is sent.

    Sent with a higher `version` it takes the place of what was recorded. What is still to come (at most a year ahead)
    counts once its time is there.
    """

    customer: CustomerNamed
    kind: ActivityKind
    name: Word | None = Field(None, description="What a custom activity is; only for these.")
    occurred_at: OccurredAt | None = Field(
        None,
        description="Now, if left out, or up to five minutes ahead: stored as now. The past may be long ago.",
    )
    amount: Amount | None = None
    touchpoint: Word | None = None
    properties: Properties = Field(default_factory=dict)
    source: Word = "api"
    source_id: SourceId | None = None
    version: int = Field(1, ge=1, le=2_147_483_647, description="Yours too: higher than before is a correction.")

    @model_validator(mode="after")
    def name_what_is_custom(self) -> "NewActivity":
        if (self.kind == "custom") != (self.name is not None):
            raise ValueError("a custom activity has a `name`, the others have none")
        return self


class ActivityOut(Model):
    """`origin_customer_id` is whom it named, before any merge."""

    id: UUID
    customer_id: UUID
    origin_customer_id: UUID
    kind: ActivityKind
    name: str | None
    occurred_at: datetime
    received_at: datetime
    amount: Money | None
    touchpoint: str | None
    properties: dict[str, Any]
    source: str
    source_id: str
    version: int


class ActivityAccepted(Model):
    """201 the first time; 200 for one that is already here: `duplicate`, or `corrected` by a higher version."""

    id: UUID
    customer_id: UUID
    source: str
    source_id: str
    duplicate: bool
    corrected: bool


class KindTotals(Model):
    """All of one kind; of custom ones, all of one name. `amounts` has one sum for each currency."""

    kind: ActivityKind
    name: str | None
    count: int
    first_at: datetime
    last_at: datetime
    amounts: list[Money]


class ValueOut(Model):
    """What came in, what went back, and the difference, in one currency."""

    purchases: Money
    refunds: Money
    net: Money


class ActivityTotals(Model):
    """What has happened until `counted_at`; the times are null if nothing has."""

    customer_id: UUID
    counted_at: datetime
    count: int
    first_at: datetime | None
    last_at: datetime | None
    lifetime_value: list[ValueOut]
    kinds: list[KindTotals]


Status = Literal["created", "corrected", "duplicate", "failed"]


def money_of(amount: Decimal | None, currency: str | None) -> Money | None:
    """With two decimals at least: the column's four would make 12.5000 of a price."""
    if amount is None or currency is None:
        return None
    places = min(-2, int(amount.normalize().as_tuple().exponent))
    return Money.model_construct(amount=amount.quantize(Decimal(1).scaleb(places)), currency=currency)


class BulkItem(Model):
    """What became of one item: `index` is its place, from 0; `line` where it begins in a file, from 1."""

    index: int
    line: int | None
    status: Status
    id: UUID | None
    customer_id: UUID | None
    errors: list[ItemProblem]


class BulkOutcome(Model):
    """`data` has every item of a JSON call, and those that failed of a file (the first 10,000)."""

    received: int
    created: int
    corrected: int
    duplicates: int
    failed: int
    data: list[BulkItem]
