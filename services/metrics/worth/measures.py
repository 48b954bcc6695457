"""From what was counted of customers to a metric's value. No I/O."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction

from services.metrics.scores.formulas import Bands, share_of_positive
from services.metrics.scores.histograms import PERCENT, Scale
from services.metrics.worth.formulas import (
    Figure,
    Pairs,
    Sums,
    lifetime,
    lifetime_discounted,
    lifetime_within,
    monthly_churn,
    poisson_bounds,
    product,
    quotient,
    scaled,
)
from services.metrics.worth.schemas import WorthPolicy

# Fewer customers than this are shown, but nothing should be concluded from them.
ENOUGH = 30
_HUNDRED = Fraction(100)


@dataclass(slots=True)
class Count:
    """Customers of one currency, by how they came out, and why others do not count."""

    good: int = 0
    bad: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    spent: Fraction = Fraction(0)
    spent_squares: Fraction = Fraction(0)
    before: Fraction = Fraction(0)
    before_squares: Fraction = Fraction(0)
    after: Fraction = Fraction(0)
    after_squares: Fraction = Fraction(0)
    products: Fraction = Fraction(0)
    kept: Fraction = Fraction(0)
    kept_squares: Fraction = Fraction(0)
    kept_products: Fraction = Fraction(0)

    @property
    def n(self) -> int:
        return self.good + self.bad

    def merge(self, other: "Count") -> None:
        for name in self.__slots__:
            mine = getattr(self, name)
            setattr(self, name, mine + getattr(other, name))


@dataclass(slots=True)
class Book:
    """What a metric is made of, in one currency (None: none, or several, and then there is no value).

    `counted` are those the metric is about; `customers` those at the window's start, where it needs them, too.
    """

    policy: WorthPolicy
    months: Fraction
    currency: str | None
    counted: Count = field(default_factory=Count)
    customers: Count = field(default_factory=Count)
    spend: Fraction = Fraction(0)
    is_mixed: bool = False

    @property
    def is_enough(self) -> bool:
        return self.counted.n >= ENOUGH


@dataclass(frozen=True, slots=True)
class Measure:
    """`scale`: where the value lies, if it has bounds of its own. `is_money`: in the book's currency."""

    figure: Figure | None
    scale: Scale | None = None
    bands: Bands | None = None
    is_money: bool = False


def retention(book: Book) -> Measure:
    return _share(book.counted, Bands(book.counted.bad, 0, book.counted.good))


def churn(book: Book) -> Measure:
    """`bands.positive` are those who left, as the value has it."""
    return _share(book.counted, Bands(book.counted.good, 0, book.counted.bad))


def gross_revenue_churn(book: Book) -> Measure:
    count = book.counted
    pairs = Pairs(count.n, count.before, count.kept, count.before_squares, count.kept_squares, count.kept_products)
    return Measure(_lost(pairs, 0.0), PERCENT)


def net_revenue_churn(book: Book) -> Measure:
    count = book.counted
    pairs = Pairs(count.n, count.before, count.after, count.before_squares, count.after_squares, count.products)
    return Measure(_lost(pairs, None))


def lifetime_value(book: Book) -> Measure:
    return Measure(_lifetime_value(book, book.counted), is_money=True)


def lifetime_value_within(book: Book) -> Measure:
    monthly, left = _monthly(book, book.counted), _churn(book, book.counted)
    if monthly is None or left is None:
        return Measure(None, is_money=True)
    horizon = book.policy.horizon_months
    value = lifetime_within(left.value, horizon)
    stays = None if left.bounds is None else _bounded(left.bounds, lambda c: lifetime_within(c, horizon))
    return Measure(product(monthly, Figure(value, stays)), is_money=True)


def lifetime_value_discounted(book: Book) -> Measure:
    monthly, left = _monthly(book, book.counted), _churn(book, book.counted)
    discount = Fraction(book.policy.discount_percent) / 100
    if monthly is None or left is None or not book.is_enough or (left.value == 0 and discount == 0):
        return Measure(None, is_money=True)
    value = lifetime_discounted(left.value, discount)
    stays = None
    if left.bounds is not None and left.bounds[0] + discount > 0:
        stays = _bounded(left.bounds, lambda c: lifetime_discounted(c, discount))
    return Measure(product(monthly, Figure(value, stays)), is_money=True)


def acquisition_cost(book: Book) -> Measure:
    return Measure(_cost(book), is_money=True)


def payback(book: Book) -> Measure:
    cost, monthly = _cost(book), _monthly(book, book.customers)
    if cost is None or monthly is None or monthly.value <= 0:
        return Measure(None)
    return Measure(quotient(cost, monthly))


def value_to_cost(book: Book) -> Measure:
    cost, value = _cost(book), _lifetime_value(book, book.customers)
    if cost is None or value is None or cost.value <= 0:
        return Measure(None)
    return Measure(quotient(value, cost))


def _share(count: Count, bands: Bands) -> Measure:
    estimate = share_of_positive(bands)
    if estimate is None:
        return Measure(None, None, bands)
    return Measure(Figure(estimate.value, (estimate.low, estimate.high)), estimate.scale, bands)


def _lost(pairs: Pairs, least: float | None) -> Figure | None:
    """100 · (1 - what is left / what there was)."""
    ratio = pairs.ratio()
    if ratio is None:
        return None
    bounds = None
    if ratio.bounds is not None:
        low, high = (100 * (1 - bound) for bound in reversed(ratio.bounds))
        bounds = (low if least is None else max(least, low), high if least is None else min(100.0, high))
    return Figure(_HUNDRED * (1 - ratio.value), bounds)


def _monthly(book: Book, count: Count) -> Figure | None:
    """What is left of what a customer pays in a month."""
    mean = Sums(count.n, count.spent, count.spent_squares).mean()
    return None if mean is None else scaled(mean, Fraction(book.policy.gross_margin_percent) / 100 / book.months)


def _churn(book: Book, count: Count) -> Figure | None:
    return monthly_churn(count.good, count.n, book.months) if count.n else None


def _lifetime_value(book: Book, count: Count) -> Figure | None:
    monthly, left = _monthly(book, count), _churn(book, count)
    if monthly is None or left is None or left.value == 0 or count.n < ENOUGH:
        return None
    months = None
    if left.bounds is not None and left.bounds[0] > 0:
        months = _bounded(left.bounds, lifetime)
    return product(monthly, Figure(lifetime(left.value), months))


def _bounded(churn: tuple[float, float], stays: Callable[[Fraction], Fraction]) -> tuple[float, float]:
    """The more leave, the shorter they stay."""
    return float(stays(Fraction(churn[1]))), float(stays(Fraction(churn[0])))


def _cost(book: Book) -> Figure | None:
    """Spend is known; how many came is one of many numbers that might have."""
    if book.counted.n == 0 or book.spend == 0:
        return None
    low, high = poisson_bounds(book.counted.n)
    spend = float(book.spend)
    return Figure(book.spend / book.counted.n, (spend / high, spend / low))
