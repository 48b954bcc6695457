"""What became of unhappy customers, as it goes out."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from shared.http.schemas import Model


class By(StrEnum):
    """What loops are told apart by."""

    CAUSE = "cause"
    TEAM = "team"
    CHANNEL = "channel"


class Interval(Model):
    """Holds the true value in 95 of 100 samples like this one."""

    low: float
    high: float
    level: float


class Excluded(Model):
    """Loops that are not in `n`: not fixed yet; without a rating before; not measured again."""

    not_fixed: int
    no_rating_before: int
    not_measured_again: int


class RecoveryOut(Model):
    """Of `loops` the `n` that have a rating (0 to 100) before and after. What cannot be said is null, never 0.

    `lost`: the customer cancelled after the ticket was opened and has not bought since. `retained`: they bought once it
    was fixed. Who did neither is `undecided`, as is whoever is not known. `retention` is in percent of the decided.
    """

    loops: int
    n: int
    before: float | None = Field(description="Mean of the ratings before, of those that were measured again.")
    after: float | None
    difference: float | None = Field(description="Mean of after - before, loop by loop.")
    interval: Interval | None = Field(description="Of the difference.")
    excluded: Excluded
    retained: int
    lost: int
    undecided: int
    retention: float | None
    retention_interval: Interval | None


class GroupRecovery(RecoveryOut):
    """`group` is null for loops without a cause or team."""

    group: str | None
    label: str | None


class RecoveryAnswer(RecoveryOut):
    """Of the loops whose tickets were opened in the window; `groups` has the largest first."""

    from_: datetime = Field(serialization_alias="from")
    to: datetime
    by: By
    groups: list[GroupRecovery]
