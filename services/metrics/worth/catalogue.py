"""The metrics of customers' worth and staying: whom each is about, and what it makes of them."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from services.metrics.scores.selection import By
from services.metrics.worth import measures
from services.metrics.worth.measures import Book, Measure


class Base(StrEnum):
    """Whom a metric is about: customers at the window's start, those who bought in it, or those who began in it."""

    CUSTOMERS = "customers"
    BUYERS = "buyers"
    BEGINNERS = "beginners"


class LeftOut(StrEnum):
    """Why a customer does not count: their data may only be kept, or they do not want it to be computed on."""

    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"


@dataclass(frozen=True, slots=True)
class WorthMetric:
    """`is_money`: counted for each currency apart. `paid_before`: only customers who paid before count. `version` as in
    `Metric`."""

    name: str
    title: str
    unit: str
    formula: str
    version: int
    base: Base
    measure: Callable[[Book], Measure]
    is_money: bool = True
    paid_before: bool = False
    needs_customers: bool = False
    scheme: None = None

    @property
    def dimensions(self) -> list[By]:
        return [By.CURRENCY] if self.is_money else []


_PERCENT = "percent"
_MONEY = "money, exact in `money`"
_AT_START = "over customers at the window's start, by the rule of /v1/worth-policy"
_MONTHLY = "m = what they paid in the window, less refunds, · margin / n / months"
_CHURN = "c = 1 - (share that stayed)^(1 / months)"
WORTH_CATALOGUE = {
    metric.name: metric
    for metric in (
        WorthMetric(
            name="retention",
            title="Customers who stay",
            unit=_PERCENT,
            formula=f"100 · still customers at its end / n, {_AT_START}",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.retention,
            is_money=False,
        ),
        WorthMetric(
            name="churn",
            title="Customers who leave",
            unit=_PERCENT,
            formula=f"100 · customers no more at its end / n, {_AT_START}",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.churn,
            is_money=False,
        ),
        WorthMetric(
            name="revenue_churn_gross",
            title="Revenue that is lost",
            unit=_PERCENT,
            formula="100 · (1 - Σ min(after, before) / Σ before), over customers at the window's start who paid before "
            "it; before and after: what each paid in the `silent_days` before its start and its end",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.gross_revenue_churn,
            paid_before=True,
        ),
        WorthMetric(
            name="revenue_churn_net",
            title="Revenue that is lost, less what the others pay more",
            unit=_PERCENT,
            formula="100 · (1 - Σ after / Σ before), as revenue_churn_gross; below 0 where they pay more than before",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.net_revenue_churn,
            paid_before=True,
        ),
        WorthMetric(
            name="repeat_rate",
            title="Buyers who had bought before",
            unit=_PERCENT,
            formula="100 · those with an earlier purchase than their last in the window / n, over who bought in it",
            version=1,
            base=Base.BUYERS,
            measure=measures.retention,
            is_money=False,
        ),
        WorthMetric(
            name="cltv",
            title="Customer lifetime value",
            unit=_MONEY,
            formula=f"m / c; {_MONTHLY}; {_CHURN}; {_AT_START}. Null below 30 customers, or if none of them left",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.lifetime_value,
        ),
        WorthMetric(
            name="cltv_capped",
            title="Customer lifetime value within a horizon",
            unit=_MONEY,
            formula=f"Σ m · (1 - c)^t for t from 0 to before `horizon_months`; {_MONTHLY}; {_CHURN}; {_AT_START}",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.lifetime_value_within,
        ),
        WorthMetric(
            name="cltv_discounted",
            title="Customer lifetime value, discounted",
            unit=_MONEY,
            formula=f"m · r / (1 + d - r), r = 1 - c, d = `discount_percent`; {_MONTHLY}; {_CHURN}; {_AT_START}. "
            "Null as cltv",
            version=1,
            base=Base.CUSTOMERS,
            measure=measures.lifetime_value_discounted,
        ),
        WorthMetric(
            name="cac",
            title="Cost of winning a customer",
            unit=_MONEY,
            formula="/v1/acquisition-spend of the window's days / n, over customers who began in it",
            version=1,
            base=Base.BEGINNERS,
            measure=measures.acquisition_cost,
        ),
        WorthMetric(
            name="payback",
            title="Months until a customer has paid what it cost to win them",
            unit="months",
            formula=f"cac / m; {_MONTHLY}, {_AT_START}",
            version=1,
            base=Base.BEGINNERS,
            measure=measures.payback,
            needs_customers=True,
        ),
        WorthMetric(
            name="cltv_to_cac",
            title="Lifetime value for each unit of what it cost",
            unit="ratio",
            formula="cltv / cac",
            version=1,
            base=Base.BEGINNERS,
            measure=measures.value_to_cost,
            needs_customers=True,
        ),
    )
}
