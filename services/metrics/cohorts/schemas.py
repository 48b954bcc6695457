"""How many stay, as it goes out."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from services.metrics.scores.schemas import ConfidenceInterval, ExcludedCustomers
from services.metrics.worth.schemas import Beginning, Sign
from shared.http.schemas import Model

Interval = Literal["week", "month"]


class CohortPeriod(Model):
    """`number` 0 is the period in which they became customers. `share` (percent) is null until the period is over."""

    number: int
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    complete: bool
    active: int
    share: float | None
    interval: ConfidenceInterval | None


class Cohort(Model):
    """Those who became customers from `from` to before `to`."""

    from_: date = Field(serialization_alias="from")
    to: date
    n: int
    insufficient: bool
    excluded: ExcludedCustomers
    periods: list[CohortPeriod]


class PooledPeriod(Model):
    """All cohorts for which this period is over."""

    number: int
    n: int
    active: int
    share: float | None
    interval: ConfidenceInterval | None
    insufficient: bool


class CohortsAnswer(Model):
    """`starts_with`: what made them customers; `active_by`: what shows that they still are."""

    starts_with: list[Beginning]
    active_by: list[Sign]
    interval: Interval
    unit: Literal["percent"]
    formula: str
    formula_version: int
    time_zone: Literal["UTC"]
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    watermark: datetime | None = Field(description="When the newest activity heard of happened.")
    n: int
    insufficient: bool
    excluded: ExcludedCustomers
    cohorts: list[Cohort]
    together: list[PooledPeriod]
