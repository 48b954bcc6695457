"""Custom metrics and their answers, as they go in and out."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.metrics.custom.expressions import LONGEST
from services.metrics.privacy.withholding import Reason
from services.metrics.scores.schemas import ConfidenceInterval
from services.metrics.scores.selection import By, Period
from shared.http.schemas import Model

NAME = "^[a-z][a-z0-9_]{1,39}$"
Name = Annotated[str, Field(pattern=NAME)]
Words = Annotated[str, Field(min_length=1, max_length=200)]
Expression = Annotated[str, Field(min_length=1, max_length=LONGEST)]


class NewCustomMetric(Model):
    """`expression` is arithmetic over metrics of the catalogue: `nps - 0.5 * reopen_rate`."""

    name: Name
    title: Words
    unit: Words = "points"
    expression: Expression


class CustomMetricPatch(Model):
    title: Words | None = None
    unit: Words | None = None
    expression: Expression | None = None


class CustomMetricOut(Model):
    """`formula_version` rises with each change of the expression."""

    id: UUID
    name: str
    title: str
    unit: str
    expression: str
    formula_version: int
    version: int
    created_at: datetime
    updated_at: datetime


class PartOut(Model):
    """One of the metrics that the number is made of, in the same window and group."""

    metric: str
    value: float | None
    n: int
    interval: ConfidenceInterval | None
    withheld: Reason | None


class CustomScore(Model):
    """`value` is null where a part is, and where the arithmetic has no answer. How sure it is, its parts say:
    `insufficient` if one of them is."""

    value: float | None
    insufficient: bool
    parts: list[PartOut]


class CustomPoint(CustomScore):
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    group: str | None
    label: str | None
    groups: list[str | None]
    labels: list[str | None]


class CustomAnswer(CustomScore):
    """What an account's own metric says; the rows behind it are those of its parts, at `rows`."""

    metric: str
    unit: str
    formula: str
    formula_version: int
    time_zone: str
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    by: By | None
    dimension: str | None
    dimensions: list[str]
    period: Period
    watermark: datetime | None = Field(description="The oldest of its parts'.")
    rows: list[str]
    series: list[CustomPoint]
