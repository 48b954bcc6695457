"""What an improvement changed, as it goes out."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from services.metrics.privacy.withholding import Reason
from services.metrics.scores.schemas import (
    ConfidenceInterval,
    Excluded,
    ExcludedCustomers,
    ExcludedTickets,
    SignificanceOut,
)
from shared.http.schemas import Model


class Side(Model):
    """The metric over whole days of the account's time zone. `value` is null, never 0, if nothing was counted."""

    from_: date = Field(serialization_alias="from")
    to: date = Field(description="The first day that is not in it.")
    value: float | None
    n: int
    interval: ConfidenceInterval | None
    excluded: Excluded | ExcludedTickets | ExcludedCustomers
    insufficient: bool
    withheld: Reason | None


class EffectOut(Model):
    """`difference` is after - before; `more_than_noise` is what a comparison calls `significant`. Null where a
    side has nothing.

    What else changed at the time is in it, too: it shows what happened, and does not prove why. The day on which it was
    shipped is on neither side; `complete` is false while days of the side after are still to come.
    """

    improvement_id: UUID
    metric: str
    unit: str
    formula_version: int
    time_zone: str
    shipped_at: datetime
    before: Side
    after: Side
    difference: float | None
    interval: ConfidenceInterval | None
    test: SignificanceOut | None
    more_than_noise: bool | None
    expected_change: Decimal | None
    complete: bool
