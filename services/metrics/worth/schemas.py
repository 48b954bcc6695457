"""When a customer is one, what is left of a sale, and what it cost to win them, as an account says it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from services.metrics.scores.selection import Day
from shared.http.schemas import Model, Money, ShortText

Beginning = Literal["purchase", "signup"]
Sign = Literal["purchase", "signup", "visit", "support"]
Percent = Annotated[
    Decimal, Field(decimal_places=4), PlainSerializer(lambda value: format(value, "f"), return_type=str)
]


class WorthPolicy(Model):
    """What cohorts, retention and lifetime values go by. A change holds for the past, too: nothing is stored by it."""

    begins_with: Annotated[list[Beginning], Field(min_length=1, max_length=2)] = Field(
        default=["purchase"], description="The first of these makes somebody a customer."
    )
    active_by: Annotated[list[Sign], Field(min_length=1, max_length=4)] = Field(
        default=["purchase"], description="What shows that a customer is still one."
    )
    leaves_by: Literal["silence", "cancellation"] = Field(
        default="silence",
        description="`silence`: no sign for `silent_days`. `cancellation`: not until it is told. One that is told "
        "counts in both cases, until the next sign.",
    )
    silent_days: Annotated[int, Field(ge=1, le=1_095)] = 90
    gross_margin_percent: Annotated[Percent, Field(gt=0, le=100)] = Field(
        default=Decimal(100), description="What is left of a sale. At 100 a lifetime value is revenue, not profit."
    )
    discount_percent: Annotated[Percent, Field(ge=0, le=50)] = Field(
        default=Decimal(0), description="By how much money that comes a month later is worth less."
    )
    horizon_months: Annotated[int, Field(ge=1, le=120)] = Field(
        default=60, description="How far `cltv_capped` looks ahead."
    )

    @model_validator(mode="after")
    def names_each_once(self) -> Self:
        for name in ("begins_with", "active_by"):
            value = getattr(self, name)
            if len(set(value)) < len(value):
                raise ValueError(f"{name} has the same word twice; leave one out")
        return self

    @property
    def silence(self) -> timedelta:
        return timedelta(days=self.silent_days)

    @property
    def signs(self) -> list[str]:
        """Kinds of activities that show that somebody is a customer, the first included."""
        return sorted({*self.begins_with, *self.active_by})


def _spent(value: Money) -> Money:
    if value.amount < 0:
        raise ValueError("is negative; send what was spent, and delete what was sent by mistake")
    return value


class NewSpend(Model):
    """What was spent to win customers, evenly on each day from `from` to before `to`."""

    from_: Day = Field(alias="from")
    to: Day = Field(description="The first day that is not in it.")
    amount: Annotated[Money, AfterValidator(_spent)]
    note: ShortText | None = Field(None, description="For people, such as the campaign's name.")

    @model_validator(mode="after")
    def begins_before_it_ends(self) -> Self:
        if self.from_ >= self.to:
            raise ValueError("`from` must be before `to`, which is not counted")
        return self


class SpendOut(Model):
    id: UUID
    from_: date = Field(serialization_alias="from")
    to: date
    amount: Money
    note: str | None
    version: int
    created_at: datetime
    updated_at: datetime
