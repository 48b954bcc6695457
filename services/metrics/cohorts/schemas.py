"""How many stay, as it goes out."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from services.metrics.cohorts.staying import Group
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
    time_zone: str
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    watermark: datetime | None = Field(description="When the newest activity heard of happened.")
    n: int
    insufficient: bool
    excluded: ExcludedCustomers
    cohorts: list[Cohort]
    together: list[PooledPeriod]


class ExcludedFromSurvival(Model):
    """Customers who are not in `n`: `restricted` and `no_consent` as elsewhere; `not_at_risk` were no customers, or no
    more, when their clock began."""

    restricted: int
    no_consent: int
    not_at_risk: int


class SurvivalStep(Model):
    """After so many days: those `at_risk` of leaving on that day, who `left`, and the share (percent) that stays."""

    day: int
    at_risk: int
    left: int
    share: float
    interval: ConfidenceInterval | None


class MedianStay(Model):
    """The day by which half have left, with the ends of its 95 % interval; null where that is not known yet."""

    days: int | None
    low: int | None
    high: int | None


class SurvivalGroup(Model):
    """`group` is null without `by`, and for customers without a value. Those `still_there` were followed until now."""

    group: str | None
    n: int
    left: int
    still_there: int
    insufficient: bool
    excluded: ExcludedFromSurvival
    median: MedianStay
    steps: list[SurvivalStep]


class LogRankOut(Model):
    """That groups differ, and not only by chance."""

    method: Literal["log_rank"]
    statistic: float
    degrees_of_freedom: int
    p_value: float
    significant: bool


class SurvivalAnswer(Model):
    """`test` is null with fewer than two groups, or where nobody has left."""

    by: Group | None
    unit: Literal["percent"]
    formula: str
    formula_version: int
    time_zone: str
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    watermark: datetime | None
    n: int
    groups: list[SurvivalGroup]
    test: LogRankOut | None
    assumptions: list[str]
