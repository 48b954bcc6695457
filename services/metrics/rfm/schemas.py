"""Customers by how lately, how often and for how much they bought, as it goes out."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from services.metrics.rfm.groups import GroupName
from services.metrics.scores.schemas import ConfidenceInterval, ExcludedCustomers
from shared.http.schemas import Model, Money


class RFMGroup(Model):
    """`share` is of `n`, in percent; `money` is what they paid together, less refunds."""

    group: GroupName
    n: int
    share: float | None
    interval: ConfidenceInterval | None
    money: Money | None


class RFMAnswer(Model):
    """`currency` is null if nobody paid anything."""

    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    currency: str | None
    formula: str
    formula_version: int
    time_zone: str
    watermark: datetime | None
    n: int
    insufficient: bool
    excluded: ExcludedCustomers
    groups: list[RFMGroup]
    rows: str


class RFMCustomer(Model):
    """Scores from 1 to 5, of which 5 is best: bought lately, often, for much. Equals have equal scores."""

    customer_id: UUID
    group: GroupName
    last_at: datetime
    frequency: int
    money: Money | None
    recency_score: int
    frequency_score: int
    money_score: int
