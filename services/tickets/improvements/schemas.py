"""Improvements as they come in and go out."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from services.tickets.improvements.models import TellingState
from shared.contracts.metrics import MetricName
from shared.contracts.problems import ImprovementState
from shared.http.schemas import LongText, Model, Money, Name, ShortText


def _said(value: str) -> str:
    value = value.strip()
    if not value:
        raise ValueError("must not be empty")
    return value


def _not_negative(cost: Money) -> Money:
    if cost.amount < 0:
        raise ValueError("a cost is not negative")
    return cost


Cost = Annotated[Money, AfterValidator(_not_negative)]
Change = Annotated[
    Decimal,
    Field(max_digits=8, decimal_places=2, ge=-1_000, le=1_000),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
]
ProblemIds = Annotated[
    list[UUID], Field(min_length=1, max_length=100), AfterValidator(lambda ids: list(dict.fromkeys(ids)))
]
Words = Annotated[ShortText, AfterValidator(_said)]
# What is shipped is said by POST /v1/improvements/{id}/ship.
Planning = Literal["planned", "in_progress", "dropped"]


class ExpectedEffect(Model):
    """By how much a metric is to change, in its own unit: `{"metric": "nps", "change": "5"}`."""

    metric: MetricName
    change: Change


class NewImprovement(Model):
    title: Name
    problem_ids: ProblemIds
    description: LongText = ""
    owner_id: UUID | None = None
    cost: Cost | None = None
    starts_on: date | None = None
    expected_effect: ExpectedEffect | None = None
    state: Planning = "planned"


class ImprovementPatch(Model):
    """What is left out stays as it is; null clears owner, cost, start or expected effect. `problem_ids` are all there
    are then."""

    title: Name | None = None
    problem_ids: ProblemIds | None = None
    description: LongText | None = None
    owner_id: UUID | None = None
    cost: Cost | None = None
    starts_on: date | None = None
    expected_effect: ExpectedEffect | None = None
    state: Planning | None = None

    @model_validator(mode="after")
    def refuse_null_where_there_must_be_something(self) -> "ImprovementPatch":
        for name in ("title", "problem_ids", "description", "state"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self

    def sent(self) -> dict[str, Any]:
        """The fields that were sent, as the improvement keeps them, without its problems."""
        values = {name: getattr(self, name) for name in self.model_fields_set - {"problem_ids"}}
        return stored(values)


class Shipping(Model):
    shipped_at: datetime | None = Field(None, description="Now, if left out. Not in the future.")

    @model_validator(mode="after")
    def with_a_zone(self) -> "Shipping":
        if self.shipped_at is not None and self.shipped_at.tzinfo is None:
            raise ValueError("shipped_at needs a time zone")
        return self


class News(Model):
    """What each of those who asked is told. With `dry_run` nobody is told anything."""

    you_said: Words = Field(description="What customers told you, in your own words.")
    we_did: Words = Field(description="What you did about it.")
    dry_run: bool = False


class ImprovementOut(Model):
    id: UUID
    title: str
    description: str
    problem_ids: list[UUID]
    state: ImprovementState
    owner_id: UUID | None
    owner_name: str | None
    cost: Money | None
    starts_on: date | None
    expected_effect: ExpectedEffect | None
    shipped_at: datetime | None
    you_said: str | None
    we_did: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class Sample(Model):
    customer_id: UUID
    name: str | None


class Told(Model):
    """How many are in which state. `suppressed`: they do not want it, or cannot be written to."""

    queued: int
    sent: int
    suppressed: int
    failed: int


class AudienceOut(Model):
    """Who asked: the customers of the tickets and the feedback of the improvement's problems, each once.

    `to_tell` have not been told. `unknown` is how many tickets and pieces of feedback have nobody who could be. Whether
    a customer wants to hear it is decided when the message goes out; then `told` says so.
    """

    asked: int
    to_tell: int
    unknown: int
    sample: list[Sample]
    told: Told


class NewsOut(Model):
    """`to_tell` are being told from now on, in portions; in a dry run they would be."""

    dry_run: bool
    audience: AudienceOut


class TellingOut(Model):
    customer_id: UUID | None
    state: TellingState
    reason: str | None
    created_at: datetime
    settled_at: datetime | None


def stored(values: dict[str, Any]) -> dict[str, Any]:
    """Cost and expected effect in the columns that they are kept in."""
    kept = dict(values)
    if "cost" in kept:
        cost: Money | None = kept.pop("cost")
        kept |= {"cost_amount": cost.amount if cost else None, "cost_currency": cost.currency if cost else None}
    if "expected_effect" in kept:
        effect: ExpectedEffect | None = kept.pop("expected_effect")
        kept |= {"metric": effect.metric if effect else None, "expected_change": effect.change if effect else None}
    return kept
