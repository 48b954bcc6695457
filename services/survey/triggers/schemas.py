"""Bodies of `/v1/surveys/{id}/triggers`."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from services.survey.policies.schemas import Channel, LocalTime, Percent
from shared.contracts.activities import ActivityKind
from shared.http.schemas import Model, Name

# What JSON can carry exactly; anything longer is kept as a decimal.
Whole = Annotated[StrictInt, Field(ge=-(2**53), le=2**53)]
Value = StrictStr | StrictBool | Whole | Decimal
Test = Literal["is", "is_not", "above", "below", "at_least", "at_most", "one_of", "present"]
_ORDERED = ("above", "below", "at_least", "at_most")


class Condition(Model):
    """About one field of an activity: `amount`, `currency`, `touchpoint`, or `properties.` and a name.

    What is not there fulfils no test but `is_not`. Numbers are compared as numbers, whether written as text or not.
    """

    field: Annotated[str, Field(pattern=r"^(amount|currency|touchpoint|properties\.[^\s]{1,100})$")]
    test: Test
    value: Annotated[Value, Field(union_mode="left_to_right")] | list[Value] | None = None

    @model_validator(mode="after")
    def has_what_it_compares_with(self) -> Self:
        if (self.test == "one_of") != isinstance(self.value, list):
            raise ValueError("`one_of` takes a list, the others a single value")
        if (self.test == "present") != (self.value is None):
            raise ValueError("`present` takes no value, the others need one")
        if self.test in _ORDERED and as_number(self.value) is None:
            raise ValueError(f"`{self.test}` compares numbers; give one")
        return self


class OnActivity(Model):
    """A customer did something. `name`: only a custom activity that is called so. What lies further back than
    `within_days` when it is heard of is history, and asks nobody."""

    event: Literal["activity"]
    kind: ActivityKind
    name: Annotated[str, Field(max_length=100)] | None = None
    conditions: Annotated[list[Condition], Field(max_length=20)] = Field(default_factory=list)
    within_days: Annotated[int, Field(ge=1, le=365)] = 7


class OnAnswer(Model):
    """A customer answered another survey, which makes a chain. `lowest`, `highest`: only scores (0 to 100) between."""

    event: Literal["answer"]
    survey_id: UUID
    lowest: Annotated[int, Field(ge=0, le=100)] = 0
    highest: Annotated[int, Field(ge=0, le=100)] = 100


class OnSegment(Model):
    """A customer came into a segment."""

    event: Literal["segment"]
    segment_id: UUID


class Window(Model):
    """The hours in which it may leave, in the customer's own zone; `days` from 1, Monday, to 7."""

    start: LocalTime
    end: LocalTime
    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        default_factory=lambda: [1, 2, 3, 4, 5]
    )

    @model_validator(mode="after")
    def has_a_length(self) -> Self:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("give times without a zone; each customer's own zone is used")
        if self.start >= self.end:
            raise ValueError("start has to be before end")
        return self


class Trigger(Model):
    """When `on` happens, wait `delay_minutes`, then ask, through all gates. `sample_percent` draws by occasion;
    `weekly_cap` is the most that this trigger asks in any seven days."""

    name: Name
    on: Annotated[OnActivity | OnAnswer | OnSegment, Field(discriminator="event")]
    enabled: bool = True
    delay_minutes: Annotated[int, Field(ge=0, le=527_040)] = 0
    channel: Channel = "email"
    sample_percent: Percent = Decimal(100)
    window: Window | None = None
    weekly_cap: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=365)] | None = None


class TriggerOut(Trigger):
    id: UUID
    survey_id: UUID
    created_at: datetime
    updated_at: datetime


class WaitingOut(Model):
    """Somebody whose turn comes at `due_at`, if the trigger is switched on then and all gates are open. `occasion` is
    the id of the activity or of the answer; of the customer, if it was that they came into a segment."""

    customer_id: UUID
    occasion: UUID
    due_at: datetime


def as_number(value: Any) -> Decimal | None:
    """None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
