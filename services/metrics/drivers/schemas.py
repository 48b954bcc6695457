"""What drives an outcome, as it goes out."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.metrics.drivers.exchange import Reason
from services.metrics.scores.schemas import ConfidenceInterval, Excluded, ScaleOut
from shared.http.schemas import Model


class Quadrant(StrEnum):
    """Importance and performance (Martilla and James, Journal of Marketing 41, 1977): important is what weighs more
    than an equal share, good what scores above the mean of the drivers."""

    CONCENTRATE_HERE = "concentrate_here"
    KEEP_UP = "keep_up"
    LOW_PRIORITY = "low_priority"
    POSSIBLE_OVERKILL = "possible_overkill"


class Estimate(Model):
    """`interval` is null where too few bootstrap samples, or too many drivers, allow none."""

    value: float
    interval: ConfidenceInterval | None


class WhatIf(Model):
    """By how much the outcome differs where the driver is higher by `rise` and the other drivers are the same.
    `nps_change`: in points of the net promoter score, where the outcome is a recommendation."""

    rise: float = Field(description="What was asked for, or what is left up to the top of the scale.")
    change: Estimate
    nps_change: Estimate | None


class DriverOut(Model):
    """`n` have an answer beside the outcome; in the other `missing` it is left out, and not 0."""

    driver: str
    rank: int = Field(description="By weight, those that are not significant last.")
    n: int
    missing: int
    scale: ScaleOut
    mean: float
    performance: float = Field(description="The mean on 0..100.")
    weight: Estimate = Field(description="Johnson's relative weight: percent of the outcome's variance.")
    share: Estimate = Field(description="The weight in percent of all weights.")
    shapley: Estimate = Field(description="The same by Lindeman, Merenda and Gold: percent of the variance.")
    slope: Estimate = Field(description="Points of the outcome for a point of the driver, the others the same.")
    direction: Literal["positive", "negative"] = Field(description="The sign of `slope`.")
    correlation: float
    significant: bool | None = Field(description="Whether it weighs more than noise would, among so many drivers.")
    quadrant: Quadrant | None = Field(description="Null for one driver alone, and for what goes the other way.")
    variance_inflation: float
    collinear: bool = Field(description="From a variance inflation of 5 on: its weight is hard to tell from others'.")
    what_if: WhatIf


class PairOut(Model):
    drivers: tuple[str, str]
    n: int
    correlation: float


class LeftOut(Model):
    """A question that is no driver here, and why."""

    driver: str
    n: int
    reason: Reason


class ExcludedFeedback(Excluded):
    """`no_driver`: it has the outcome, and none of the drivers."""

    no_driver: int


class Warned(Model):
    code: Literal["sampled", "complete_rows_only", "collinear", "several_surveys", "several_scales", "suppressed"]
    detail: str


class Header(Model):
    """What every answer about drivers says of itself. Without `drivers` or `coefficients`, `refused` says why."""

    outcome: str
    outcome_scale: ScaleOut | None
    formula: str
    formula_version: int
    time_zone: str
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    watermark: datetime | None
    n: int = Field(description="Feedback with the outcome and at least one driver that was calculated with.")
    sampled: bool = Field(description="Whether these are a sample, always the same, of more.")
    complete: int = Field(description="Of `n`: those with an answer to every driver.")
    least: int = Field(description="How many answers are needed for so many drivers.")
    excluded: ExcludedFeedback
    insufficient: bool
    refused: str | None
    left_out: list[LeftOut]
    warnings: list[Warned]
    rows: str


class DriversAnswer(Header):
    """`r_squared`: percent of the outcome's variance that all drivers account for; the weights add up to it."""

    basis: Literal["pairs", "complete"] = Field(description="Correlations over the rows that have both, or have all.")
    r_squared: Estimate | None
    drivers: list[DriverOut]
    pairs: list[PairOut]
    samples: int = Field(description="Bootstrap samples that the intervals rest on.")
    seed: int
    assumptions: list[str]


class CorrelationOut(Model):
    driver: str
    n: int
    pearson: Estimate
    spearman: Estimate


class CoefficientOut(Model):
    """`driver` is null for the intercept."""

    driver: str | None
    value: float
    interval: ConfidenceInterval
    standard_error: float
    p_value: float
    significant: bool


class InfluentialRow(Model):
    feedback_id: UUID
    cooks_distance: float


class CheckOut(Model):
    """Something that the regression takes for granted, and how it looks. `detail` says what follows."""

    name: Literal["equal_variance", "normal_residuals", "influential_rows", "collinearity"]
    passed: bool
    statistic: float | None
    p_value: float | None
    detail: str


class RegressionAnswer(Header):
    """`n` are all rows; the regression rests on the `complete` ones. R² in percent."""

    correlations: list[CorrelationOut]
    coefficients: list[CoefficientOut]
    errors: Literal["classical", "HC3"]
    r_squared: float | None
    adjusted_r_squared: float | None
    checks: list[CheckOut]
    influential: list[InfluentialRow]
    assumptions: list[str]


class DriverRowOut(Model):
    """One piece of feedback behind the numbers. `answers`: what counted of its other questions, more is better."""

    feedback_id: UUID
    occurred_at: datetime
    channel: str
    survey_id: UUID | None
    customer_id: UUID | None
    question: str
    outcome: float
    answers: dict[str, float]
