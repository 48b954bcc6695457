"""Bodies of `POST /v1/feedback` and `POST /v1/feedback/records`."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, field_serializer, model_validator

from services.survey.definition.texts import Locale
from services.survey.hearing.canonical import WIDEST_SCALE, RatingKind
from services.survey.responses.schemas import (
    Channel,
    DimensionName,
    DimensionValue,
    Email,
    ExternalId,
    PersonName,
    Phone,
)
from shared.http.schemas import LongText, Model, Moment, ShortText

# What a score lies on where nobody says otherwise.
SCALES: dict[str, tuple[int, int]] = {
    "nps": (0, 10),
    "csat": (1, 5),
    "ces": (1, 7),
    "rating": (1, 5),
    "stars": (1, 5),
    "smiley": (1, 5),
    "binary": (0, 1),
}
MOST_DIMENSIONS = 20
LATEST = datetime(2081, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
Reference = Annotated[str, Field(min_length=1, max_length=200)]
Number = Annotated[Decimal, Field(ge=-WIDEST_SCALE, le=WIDEST_SCALE, max_digits=12, decimal_places=4)]


class Score(Model):
    """A score that somebody gave, higher is better. Left out, the scale is the kind's usual one: `nps` 0 to 10, `csat`,
    `stars` and `smiley` 1 to 5, `ces` 1 to 7, `binary` 0 or 1."""

    kind: RatingKind
    value: Number
    minimum: Number | None = None
    maximum: Number | None = None

    @model_validator(mode="after")
    def lies_on_its_scale(self) -> Self:
        lowest, highest = self.scale
        if lowest >= highest:
            raise ValueError("`minimum` has to be below `maximum`")
        if not lowest <= self.value <= highest:
            raise ValueError(f"`value` has to lie on {lowest:f} to {highest:f}")
        return self

    @property
    def scale(self) -> tuple[Decimal, Decimal]:
        lowest, highest = SCALES[self.kind]
        return (
            Decimal(lowest) if self.minimum is None else self.minimum,
            Decimal(highest) if self.maximum is None else self.maximum,
        )


class Named(Model):
    """Who it was. Any one field but `name` suffices; somebody new becomes a customer, unless you give an `id`."""

    id: UUID | None = None
    external_id: ExternalId | None = None
    email: Email | None = None
    phone: Phone | None = None
    name: PersonName | None = None

    @model_validator(mode="after")
    def can_be_told_apart(self) -> Self:
        if self.id is None and self.external_id is None and self.email is None and self.phone is None:
            raise ValueError("give at least one of id, external_id, email, phone")
        return self


class NewEntry(Model):
    """Who said what, and where; at least `text` or `score`. `kind`: a `message` is for us, a `review` was public, a
    `mention` was about us, a `survey` was asked for."""

    channel: Channel = "phone"
    kind: Literal["message", "survey", "review", "mention"] = "message"
    customer: Named | None = None
    title: ShortText | None = None
    text: LongText | None = None
    score: Score | None = None
    language: Locale | None = None
    url: Annotated[str, Field(max_length=2_000, pattern=r"^https?://[^\s]+$")] | None = None
    order_ref: Reference | None = None
    product_ref: Reference | None = None
    location_ref: Reference | None = None
    touchpoint: Reference | None = None
    dimensions: Annotated[dict[DimensionName, DimensionValue], Field(max_length=MOST_DIMENSIONS)] = Field(
        default_factory=dict
    )
    occurred_at: Annotated[Moment, Field(ge=EARLIEST, lt=LATEST)] | None = None

    @model_validator(mode="after")
    def says_something(self) -> Self:
        if self.score is None and not (self.text or "").strip():
            raise ValueError("give `text`, `score`, or both")
        return self


FieldType = Literal["text", "categorical", "nps", "csat", "ces", "rating", "number", "boolean", "date"]
_VALUE: dict[str, str] = {
    "text": "value_text",
    "categorical": "value_text",
    "boolean": "value_boolean",
    "date": "value_date",
}


class NewRecord(Model):
    """One answered field, in the shape of Formbricks Hub (its OpenAPI 1.1.0). `tenant_id` is kept as a dimension: whose
    record it is says the credential. `metadata` may hold `minimum` and `maximum` of a score's scale."""

    tenant_id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    submission_id: Annotated[str, Field(min_length=1, max_length=255)]
    source_type: Annotated[str, Field(min_length=1, max_length=255)]
    source_id: Annotated[str, Field(max_length=255)] | None = None
    source_name: Annotated[str, Field(max_length=255)] | None = None
    field_id: Annotated[str, Field(min_length=1, max_length=240)]
    field_label: Annotated[str, Field(max_length=2_048)] | None = None
    field_type: FieldType
    field_group_id: Annotated[str, Field(max_length=255)] | None = None
    field_group_label: Annotated[str, Field(max_length=2_048)] | None = None
    value_text: Annotated[str, Field(max_length=30_000)] | None = None
    value_number: Annotated[Decimal, Field(ge=-(10**15), le=10**15)] | None = None
    value_boolean: StrictBool | None = None
    value_date: Moment | None = None
    value_id: Annotated[str, Field(max_length=255)] | None = None
    metadata: dict[str, Any] | None = None
    language: Annotated[str, Field(max_length=10)] | None = None
    user_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    collected_at: Annotated[Moment, Field(ge=EARLIEST, lt=LATEST)] | None = None

    @model_validator(mode="after")
    def has_the_value_of_its_type(self) -> Self:
        name = _VALUE.get(self.field_type, "value_number")
        if getattr(self, name) is None and not (self.field_type == "categorical" and self.value_id):
            raise ValueError(f"a field of type {self.field_type} has its value in `{name}`")
        return self


class RecordOut(NewRecord):
    """As it was given, and what became of it."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    sentiment: str | None
    sentiment_score: float | None

    @field_serializer("value_number")
    def as_a_number(self, value: Decimal | None) -> float | None:
        """As Hub writes it."""
        return float(value) if value is not None else None
