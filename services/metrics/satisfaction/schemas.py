"""How satisfaction and money go together, as it goes out."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from services.metrics.scores.schemas import ConfidenceInterval, SignificanceOut
from shared.http.schemas import Model


class Average(Model):
    """Of a customer, in the answer's currency. `interval` is null where so few, or all the same, allow none."""

    value: float | None
    n: int
    interval: ConfidenceInterval | None


class SatisfactionGroup(Model):
    """`retention`: percent who were still customers `days` after their answer. Money is what a customer paid, less
    refunds, in as many days `before` the answer and `after` it; `lifetime_value` what the model expects of one within
    a year. `strangers` were no customers when they answered, and are in none of it."""

    group: Literal["detractor", "passive", "promoter"]
    n: int
    strangers: int
    insufficient: bool
    retention: Average
    before: Average
    after: Average
    lifetime_value: Average


class Contrast(Model):
    """Promoters less detractors."""

    value: float | None
    interval: ConfidenceInterval | None
    test: SignificanceOut | None
    significant: bool | None


class SatisfactionAnswer(Model):
    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    days: int
    currency: str | None = Field(description="Null if nobody paid anything yet.")
    formula: str
    formula_version: int
    time_zone: str
    watermark: datetime | None
    n: int
    groups: list[SatisfactionGroup]
    retention: Contrast
    before: Contrast
    after: Contrast
    warning: str
    assumptions: list[str]
