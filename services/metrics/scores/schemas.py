"""Questions about scores, answered."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import Field

from services.metrics.facts.reading import Exclusion, Family
from services.metrics.scores.selection import By, Period
from shared.http.schemas import Model


class MetricOut(Model):
    """`version` rises whenever the same answers would give another number."""

    name: str
    title: str
    scheme: Family
    unit: str
    formula: str
    version: int


class MetricList(Model):
    data: list[MetricOut]


class ConfidenceInterval(Model):
    """Holds the true value in 95 of 100 samples like this one."""

    low: float
    high: float
    level: float


class ScaleOut(Model):
    minimum: int
    maximum: int


class BandCounts(Model):
    """Answers by the metric's own reading: for NPS detractors, passives and promoters."""

    negative: int
    neutral: int
    positive: int


class Distribution(Model):
    """How many answers have each score from `minimum` to `maximum`, in order. Those of an index are its whole tens."""

    minimum: int
    maximum: int
    counts: list[int]


class Excluded(Model):
    """Feedback that is not in `n`: not finished, without the rating, or with one that does not fit its scale; of
    customers whose data may only be kept (`restricted`), or who do not want it to be computed on (`no_consent`)."""

    incomplete: int
    no_rating: int
    outside_scale: int
    restricted: int
    no_consent: int


class Score(Model):
    """`value` is null, never 0, if nothing was counted; `insufficient` says that `n` is too small to conclude from."""

    value: float | None
    n: int
    interval: ConfidenceInterval | None
    scale: ScaleOut | None = Field(description="The scale of `value`; null if it is.")
    bands: BandCounts
    distribution: list[Distribution]
    excluded: Excluded
    insufficient: bool


class SeriesScore(Score):
    """One period of one group. `group` is null without `by` or `dimension`, and for feedback that has no such value."""

    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    group: str | None
    label: str | None = Field(description="The group in words; for a survey its name, once known.")


class MetricAnswer(Score):
    """The score of the whole window; `series` has it by period and group, if that was asked for."""

    metric: str
    unit: str
    formula_version: int
    time_zone: Literal["UTC"]
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    by: By | None
    dimension: str | None
    period: Period
    watermark: datetime | None = Field(description="When the newest feedback counted so far was received.")
    series: list[SeriesScore]


class FactOut(Model):
    """One scored question of a piece of feedback behind a number. `points` is `value` read so that more is better.

    `question` is its key, empty if the feedback does not say; `index` the exact value of an index.
    """

    feedback_id: UUID
    question: str
    occurred_at: datetime
    received_at: datetime
    channel: str
    touchpoint: str | None
    journey_stage: str | None
    survey_id: UUID | None
    customer_id: UUID | None
    language: str | None
    scheme: str
    minimum: int | None
    maximum: int | None
    value: int | None
    points: int | None
    index: Decimal | None
    exclusion: Exclusion | None
    dimensions: dict[str, str]
