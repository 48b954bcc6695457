"""Bodies of `/v1/experiments`."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, PlainSerializer, model_validator

from services.metrics.worth.schemas import Percent
from shared.contracts.activities import ActivityKind
from shared.http.schemas import LongText, Model, Name, ShortText

HOLDOUT = "holdout"
VariantKey = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
OfActivities = Literal["conversion", "activities", "spend"]
OfRatings = Literal["nps", "csat", "csat_mean", "ces", "ces_pct"]
Measure = OfActivities | Literal["responded"] | OfRatings
Method = Literal["always_valid", "fixed_horizon"]
Number = Annotated[
    Decimal, Field(max_digits=18, decimal_places=4), PlainSerializer(lambda value: format(value, "f"), return_type=str)
]
SHARES = ("conversion", "responded", "csat", "ces_pct")


class Variant(Model):
    """`weight`: its share among the variants."""

    key: VariantKey
    weight: Annotated[int, Field(ge=1, le=1_000)] = 1
    description: ShortText | None = None


class Outcome(Model):
    """What is looked at of each customer, from their assignment on for `within_days`. Who has not been in it for so
    long does not count yet.

    `conversion`: whether they did something of the kind `activity` (in percent of customers); `activities`: how often;
    `spend`: what they paid in `currency`, less refunds; `responded`: whether they gave feedback at all. The others are
    those of the catalogue, by the last rating of each customer who gave one. `survey_id` narrows ratings and responses.
    """

    measure: Measure
    activity: ActivityKind = "purchase"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(default=None, description="Of `spend`.")
    survey_id: UUID | None = None
    within_days: Annotated[int, Field(ge=1, le=366)] = 14
    higher_is_better: bool = True

    @model_validator(mode="after")
    def has_what_the_measure_needs(self) -> Self:
        if (self.measure == "spend") != (self.currency is not None):
            raise ValueError("spend needs a currency, and nothing else has one")
        if self.survey_id is not None and self.measure in ("conversion", "activities", "spend"):
            raise ValueError("survey_id is for ratings and responses; leave it out")
        return self


class Guardrail(Model):
    """What must not get worse by more than `margin`, in the unit of its measure (points for shares and the NPS)."""

    outcome: Outcome
    margin: Annotated[Number, Field(gt=0)]


class Plan(Model):
    """What to find, and how surely. `baseline` is what the control is expected to have, `minimum_effect` the smallest
    difference that would matter, both as they are shown: shares and the NPS in points of a hundred. `spread` is the
    standard deviation of one customer's value, in the same unit; for a share it follows from the baseline."""

    baseline: Number
    minimum_effect: Annotated[Number, Field(gt=0)]
    spread: Annotated[Number, Field(gt=0)] | None = Field(
        default=None,
        description="For the NPS 100·√(p + d − (p − d)²), with the shares of promoters p and of detractors d.",
    )
    power: Annotated[Decimal, Field(ge=Decimal("0.5"), le=Decimal("0.99"))] = Decimal("0.8")


class NewExperiment(Model):
    """The first of `variants` is the control. `holdout_percent` of the customers get none of them, to see what all of
    it does together.

    `method` says which reading decides, and cannot be changed after the start: `always_valid` may be looked at any
    time, `fixed_horizon` once, at the planned size. With `use_history`, what customers did in the `within_days` before
    is taken out of the noise (CUPED). `survey_experiment_id`: the experiment of a survey, which draws the lots then.
    """

    name: Name
    hypothesis: LongText
    variants: Annotated[list[Variant], Field(min_length=2, max_length=10)]
    holdout_percent: Annotated[Percent, Field(ge=0, le=90)] = Decimal(0)
    outcome: Outcome
    guardrails: Annotated[list[Guardrail], Field(max_length=10)] = Field(default=[])
    plan: Plan
    method: Method = "always_valid"
    use_history: bool = False
    survey_experiment_id: UUID | None = None

    @model_validator(mode="after")
    def has_variants_that_differ(self) -> Self:
        keys = [variant.key for variant in self.variants]
        if len(set(keys)) < len(keys) or HOLDOUT in keys:
            raise ValueError(f"each variant needs a key of its own, and `{HOLDOUT}` is not one")
        return self

    @model_validator(mode="after")
    def can_be_planned(self) -> Self:
        plan, measure = self.plan, self.outcome.measure
        if measure in SHARES:
            if not 0 < plan.baseline < 100:
                raise ValueError("the baseline of a share is between 0 and 100 percent, both excluded")
            if plan.baseline + plan.minimum_effect >= 100 and plan.baseline - plan.minimum_effect <= 0:
                raise ValueError("no share is so far from the baseline; choose a smaller minimum_effect")
        elif plan.spread is None:
            raise ValueError(f"the plan for {measure} needs `spread`, the standard deviation of one customer's value")
        return self

    @model_validator(mode="after")
    def has_history_to_use(self) -> Self:
        if self.use_history and self.outcome.measure not in ("conversion", "activities", "spend"):
            raise ValueError("use_history is for what customers do: conversion, activities and spend")
        return self


class ArmPlan(Model):
    """`customers` whose outcome is known at the planned size."""

    variant: str
    customers: int


class PlanOut(Model):
    """How many customers the single look needs, in each arm. `if_watched`: how many times as many until the
    always-valid interval is as sure at one look; it may be so long before."""

    arms: list[ArmPlan]
    customers: int
    if_watched: float
    assumptions: list[str]


class ExperimentOut(NewExperiment):
    """`assigned`: how many customers each arm has by now."""

    id: UUID
    state: Literal["draft", "running", "stopped"]
    planned: PlanOut
    assigned: dict[str, int]
    version: int
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None


class AssignmentOut(Model):
    """Which variant the customer gets: the same whenever it is asked, for good. `holdout`: none of them. `remembered`
    is false for customers whose data may only be kept; they are not counted."""

    experiment_id: UUID
    customer_id: UUID
    variant: str
    holdout: bool
    assigned_at: datetime
    remembered: bool
