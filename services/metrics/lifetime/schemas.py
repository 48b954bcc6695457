"""What customers will be worth, as it goes out."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field

from services.metrics.lifetime.lessons import Backtest, Fitted, Spending
from services.metrics.lifetime.models import ModelState
from shared.http.schemas import Model, Money


class Summary(Model):
    """What a fit came to. `purchases` are BG/NBD's r, alpha, a and b, by the week; `spending` Gamma-Gamma's p, q, v."""

    currency: str
    purchases: Fitted
    spending: Spending
    backtest: Backtest | None


class FitRequest(Model):
    currency: str | None = Field(
        None, pattern="^[A-Z]{3}$", description="Of purchases in others nothing is foretold. The only one if left out."
    )


class LifetimeValueAnswer(Model):
    """`state` is that of the latest fit: `waiting`, `ready`, `refused` (too little to go by) or `failed`, and then
    `note` says why. All the rest is of the last fit that came to something, and null before any."""

    state: ModelState | None = Field(description="Null if nobody has asked for a fit yet.")
    note: str | None
    version: int
    formula: str
    formula_version: int
    currency: str | None = Field(description="In which the latest fit was asked for.")
    requested_at: datetime | None
    fitted_at: datetime | None
    until: date | None = Field(description="The day up to which purchases are known to it.")
    horizon_weeks: int
    n: int = Field(description="Customers it says something of, without those who may not be computed on.")
    expected_purchases: Decimal | None
    expected_value: Money | None = Field(description="Of all of them, with the margin of /v1/worth-policy.")
    model: Summary | None
    warnings: list[str]
    assumptions: list[str]
    rows: str


class CustomerValue(Model):
    """`alive`: the chance that they are still a customer. Within `horizon_weeks`: purchases, what each brings, and what
    is left of both."""

    customer_id: UUID
    repeats: int
    last_day: date
    alive: Decimal
    expected_purchases: Decimal
    expected_spending: Decimal
    expected_value: Money
