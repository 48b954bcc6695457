"""Bodies of `/v1/initiatives`."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.metrics.experiments.schemas import Number, Outcome
from services.metrics.scores.schemas import ConfidenceInterval
from services.metrics.worth.schemas import Percent
from shared.http.schemas import LongText, Model, Moment, Money, Name

MOST_MEMBERS = 1_000
Word = Annotated[str, Field(min_length=1, max_length=100)]


class Holdout(Model):
    """The customers of an experiment who got none of its variants, by lot."""

    kind: Literal["holdout"]
    experiment_id: UUID


class Matched(Model):
    """Customers who are like those it was done for in all attributes that were sent with them."""

    kind: Literal["matched"]


class DifferenceInDifferences(Model):
    """Others, before and after: what changed for those it was done for, less what changed for the others, among those
    who are alike in the attributes that were sent, if any were."""

    kind: Literal["difference_in_differences"]


Comparator = Annotated[Holdout | Matched | DifferenceInDifferences, Field(discriminator="kind")]


class NewInitiative(Model):
    """Something that was done for customers from `started_at` on, what it cost, and what it was to change (`outcome`,
    within its days). Without a `comparator` nothing is said of its effect.

    `worth`: what one more is worth, such as a customer who buys, or one more purchase; of `spend`, `margin_percent` is
    what is left. `expected_effect` is as it is shown: shares in points of a hundred.
    """

    name: Name
    description: LongText | None = None
    started_at: Moment
    outcome: Outcome
    cost: Money
    worth: Money | None = None
    margin_percent: Annotated[Percent, Field(gt=0, le=100)] = Decimal(100)
    expected_effect: Number | None = None
    comparator: Comparator | None = None
    improvement_id: UUID | None = Field(default=None, description="The improvement that it is of, if it is one.")

    @model_validator(mode="after")
    def is_of_one_currency(self) -> Self:
        if self.cost.amount < 0:
            raise ValueError("the cost is negative; send what was spent")
        money = {self.cost.currency, *([self.worth.currency] if self.worth else [])}
        money |= {self.outcome.currency} if self.outcome.currency else set()
        if len(money) > 1:
            raise ValueError("cost, worth and spend must be in one currency")
        return self

    @model_validator(mode="after")
    def has_what_can_be_compared(self) -> Self:
        measure = self.outcome.measure
        is_done = measure in ("conversion", "activities", "spend", "responded")
        if self.comparator is not None and self.comparator.kind != "holdout" and not is_done:
            raise ValueError(f"{measure} is compared with a holdout only; who gives a rating is no group to match")
        if self.worth is not None and measure in ("spend", "nps", "csat_mean", "ces"):
            raise ValueError(f"one more of {measure} has no worth of its own; leave `worth` out")
        return self


class InitiativeOut(NewInitiative):
    """`treated` and `compared`: how many members there are of either kind."""

    id: UUID
    treated: int
    compared: int
    version: int
    created_at: datetime
    updated_at: datetime


class Member(Model):
    customer_id: UUID
    treated: bool
    attributes: Annotated[dict[Word, Word], Field(max_length=10)] = Field(
        default={}, description="What to match on, as it was before the start."
    )


class Members(Model):
    """Who is sent again is what was said last."""

    members: Annotated[list[Member], Field(min_length=1, max_length=MOST_MEMBERS)]


class MemberCounts(Model):
    treated: int
    compared: int


class ExcludedMembers(Model):
    """In it for too short a time (`pending`), without a rating (`unanswered`), with data that may only be kept
    (`restricted`), who do not want to be computed on (`no_consent`), on both sides (`both_sides`), or with nobody like
    them on the other side (`unmatched`)."""

    pending: int
    unanswered: int
    restricted: int
    no_consent: int
    both_sides: int
    unmatched: int


class AmountOut(Model):
    """In the initiative's currency."""

    value: Decimal
    low: Decimal
    high: Decimal
    currency: str


class ReturnOut(Model):
    """100 · (gain - cost) / cost."""

    value: float
    low: float
    high: float


class InitiativeEffectOut(Model):
    """`effect` is of one customer, treated less compared; `gain` of all `n` treated ones together. Null, never 0, where
    nothing can be said; `text` says why. The interval is of one look."""

    initiative_id: UUID
    formula_version: int
    outcome: Outcome
    unit: str
    comparator: str | None
    from_: datetime = Field(serialization_alias="from")
    to: datetime
    watermark: datetime | None
    n: int
    against_n: int
    excluded: ExcludedMembers
    value: float | None
    against_value: float | None
    effect: float | None
    interval: ConfidenceInterval | None
    more_than_noise: bool | None
    expected_effect: Decimal | None
    cost: Money
    gain: AmountOut | None
    roi: ReturnOut | None
    text: str
    assumptions: list[str]
    improvement: str | None = Field(description="Where the metric before and after the improvement is.")
