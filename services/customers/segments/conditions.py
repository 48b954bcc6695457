"""The language of segments: who belongs, as a document. Every problem in it is named at once, with its place.

Each condition is true or false of a customer, never unknown: what is not known of them is not equal, not less and not
more than anything. What must not be is said by `not`.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo

from services.customers.activities.schemas import Word
from services.customers.consents.schemas import Purpose
from services.customers.records.schemas import AttributeName, AttributeValue
from shared.contracts.activities import ActivityKind
from shared.contracts.consent import ANY, ConsentChannel
from shared.contracts.ratings import Band, RatingScheme
from shared.http.schemas import Model

MOST_CONDITIONS = 100
DEEPEST = 10
LONGEST_WINDOW = 3_650

Comparison = Literal["eq", "lt", "lte", "gt", "gte"]
TextOp = Literal["eq", "one_of", "begins_with", "contains", "known", "unknown"]
ValueOp = Literal["eq", "one_of", "lt", "lte", "gt", "gte", "begins_with", "contains", "known", "unknown"]
ProfileField = Literal[
    "external_id", "email", "phone", "name", "locale", "timezone", "company", "company_id", "preferred_channel"
]
_WITHOUT_VALUE = ("known", "unknown")
_SCALAR: TypeAdapter[Any] = TypeAdapter(AttributeValue)


def _plain(value: Decimal) -> int | str:
    return int(value) if value == value.to_integral_value() else format(value, "f")


def _scalar(value: Any) -> Any:
    try:
        return _SCALAR.validate_python(value)
    except ValidationError:
        raise ValueError("must be a text, a number of at most 15 digits, true or false") from None


Number = Annotated[
    Decimal,
    Field(ge=0, max_digits=18, decimal_places=4),
    PlainSerializer(_plain, return_type=int | str),
]
Window = Annotated[int, Field(ge=1, le=LONGEST_WINDOW, description="Only what happened in the last so many days.")]
Value = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["string", "number", "boolean", "null"]},
                {"type": "array", "items": {"type": ["string", "number", "boolean"]}},
            ],
            "description": "A list for `one_of`, nothing for `known` and `unknown`.",
        }
    ),
]
# By name, because they are defined below, of conditions in turn.
Condition = Annotated[
    Union[
        "All", "AnyOf", "Not", "OfProfile", "OfAttribute", "OfAge", "OfActivity", "OfFeedback", "OfConsent", "OfSegment"
    ],
    Field(discriminator="type"),
]
Conditions = Annotated[list[Condition], Field(min_length=1, max_length=MOST_CONDITIONS)]


class All(Model):
    """Every one of them is true."""

    type: Literal["all"]
    conditions: Conditions


class AnyOf(Model):
    """At least one of them is true."""

    type: Literal["any"]
    conditions: Conditions


class Not(Model):
    """It is not true."""

    type: Literal["not"]
    condition: Condition


class _Valued(Model):
    """Texts are compared exactly, upper and lower case apart; `lt` and its like put them in the order of Unicode."""

    op: str
    value: Value = Field(None, validate_default=True)

    @field_validator("value")
    @classmethod
    def fits_the_op(cls, value: Any, info: ValidationInfo) -> Any:
        op = info.data.get("op")
        if op is None:
            return value
        if op in _WITHOUT_VALUE:
            if value is not None:
                raise ValueError(f"`{op}` takes no value")
            return None
        if value is None:
            raise PydanticCustomError("missing", "is missing")
        if op == "one_of":
            if not isinstance(value, list) or not 1 <= len(value) <= MOST_CONDITIONS:
                raise ValueError(f"`one_of` takes a list of 1 to {MOST_CONDITIONS} values")
            return [_scalar(item) for item in value]
        value = _scalar(value)
        if op in ("begins_with", "contains") and (not isinstance(value, str) or not value):
            raise ValueError(f"`{op}` takes a text that is not empty")
        if op in ("lt", "lte", "gt", "gte") and isinstance(value, bool):
            raise ValueError(f"`{op}` takes a number or a text")
        return value


class OfProfile(_Valued):
    """A field of the customer's record."""

    type: Literal["profile"]
    field: ProfileField
    op: TextOp

    @field_validator("value")
    @classmethod
    def is_text(cls, value: Any) -> Any:
        if not all(isinstance(item, str) for item in (value if isinstance(value, list) else [value or ""])):
            raise ValueError("must be a text: the fields of a record are texts")
        return value


class OfAttribute(_Valued):
    """An attribute that the account gave its customers. A text is never equal to a number, nor a number to true."""

    type: Literal["attribute"]
    name: AttributeName
    op: ValueOp


class _Counted(Model):
    """Left alone: at least one. What has to go together is seen field by field, so that no problem hides another."""

    within_days: Window | None = None
    op: Comparison = "gte"
    value: Number = Decimal(1)

    @field_validator("measure", check_fields=False)
    @classmethod
    def is_one_time(cls, measure: str, info: ValidationInfo) -> str:
        if measure == "days_since_last" and info.data.get("within_days") is not None:
            raise ValueError("`days_since_last` is a time already; leave out `within_days`")
        return measure


class OfActivity(_Counted):
    """What the customer did: how often (`count`), for how much in one currency (`sum`), or how long ago the last was.

    `days_since_last` counts whole days, and is true of nobody who never did it.
    """

    type: Literal["activity"]
    kind: ActivityKind | None = Field(None, description="Any, if left out.")
    name: Word | None = Field(None, description="What a custom activity is; only for these.")
    touchpoint: Word | None = None
    measure: Literal["count", "sum", "days_since_last"] = "count"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(None, validate_default=True)

    @field_validator("name")
    @classmethod
    def is_of_a_custom_one(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and info.data.get("kind", "custom") != "custom":
            raise ValueError("only custom activities have a `name`")
        return name

    @field_validator("currency")
    @classmethod
    def is_that_of_a_sum(cls, currency: str | None, info: ValidationInfo) -> str | None:
        if "measure" in info.data and (info.data["measure"] == "sum") != (currency is not None):
            raise ValueError("`sum` needs a `currency`, the other measures have none")
        return currency


class OfFeedback(_Counted):
    """What the customer said: how often, how good the last or the average was, or how long ago the last was.

    `last` and `average` are on the scheme's own scale, so they need a `scheme`. Who said nothing has neither.
    """

    type: Literal["feedback"]
    scheme: RatingScheme | None = Field(None, description="Any feedback, if left out; with or without a score.")
    band: Band | None = Field(None, description="Of NPS: `negative` are detractors, `positive` promoters.")
    sentiment: Band | None = None
    survey_id: UUID | None = None
    measure: Literal["count", "last", "average", "days_since_last"] = "count"

    @field_validator("measure")
    @classmethod
    def has_a_scale(cls, measure: str, info: ValidationInfo) -> str:
        if measure in ("last", "average") and info.data.get("scheme", "") is None:
            raise ValueError(f"`{measure}` needs a `scheme`: scores of different scales cannot be compared")
        return measure


class OfAge(Model):
    """How many whole days the customer has been known, counted from when their record was made."""

    type: Literal["known_for"]
    op: Comparison = "gte"
    value: Annotated[int, Field(ge=0, le=LONGEST_WINDOW, description="Days.")]


class OfConsent(Model):
    """Whether the customer may be contacted for a purpose by a channel, or computed on (channel `any`)."""

    type: Literal["consent"]
    purpose: Purpose
    channel: ConsentChannel = ANY
    allowed: bool = True


class OfSegment(Model):
    """The customer belongs to another segment."""

    type: Literal["segment"]
    segment_id: UUID


Leaf = OfProfile | OfAttribute | OfAge | OfActivity | OfFeedback | OfConsent | OfSegment
AnyCondition = All | AnyOf | Not | Leaf

for _model in (All, AnyOf, Not):
    _model.model_rebuild()


def _bounded(value: Any) -> Any:
    """Before anything else looks at it: what nests too deeply or is too long is not walked through any further."""
    count, waiting = 0, [(value, 1)]
    while waiting:
        item, depth = waiting.pop()
        if not isinstance(item, dict):
            continue
        count += 1
        below = item.get("conditions")
        waiting += [(each, depth + 1) for each in (below if isinstance(below, list) else [item.get("condition")])]
        if depth > DEEPEST:
            raise ValueError(f"nests deeper than {DEEPEST} conditions")
        if count > MOST_CONDITIONS:
            raise ValueError(f"has more than {MOST_CONDITIONS} conditions")
    return value


WholeCondition = Annotated[AnyCondition, Field(discriminator="type"), BeforeValidator(_bounded)]
CONDITION: TypeAdapter[AnyCondition] = TypeAdapter(WholeCondition)


def leaves(condition: AnyCondition, place: str = "") -> Iterator[tuple[str, Leaf]]:
    """The conditions that ask for something themselves, each with its JSON Pointer below `place`."""
    match condition:
        case All() | AnyOf():
            for index, part in enumerate(condition.conditions):
                yield from leaves(part, f"{place}/conditions/{index}")
        case Not():
            yield from leaves(condition.condition, f"{place}/condition")
        case _:
            yield place, condition
