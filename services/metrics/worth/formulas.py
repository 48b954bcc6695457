"""What customers are worth, and how sure that is. Exact fractions as long as they can be; no I/O.

Money is per customer and month, `churn` and `stay` are shares of a month. A month is a calendar month where the window
is made of such.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from math import exp, inf, log, sqrt

from shared.statistics import Z, difference_bounds, mean_bounds, t_quantile, wilson


@dataclass(frozen=True, slots=True)
class Figure:
    """`bounds` is None where so little is known that there are none."""

    value: Fraction
    bounds: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a value of each customer: how many, their sum and the sum of their squares."""

    n: int
    total: Fraction
    squares: Fraction

    def mean(self) -> Figure | None:
        """With Student's t interval; none if all have the same, because then their variance says nothing."""
        if self.n == 0:
            return None
        value = self.total / self.n
        spread = self.squares - self.total * value
        if self.n == 1 or spread == 0:
            return Figure(value, None)
        return Figure(value, mean_bounds(value, spread, self.n, -inf, inf))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Of two values of each customer, before and after: how many, sums, and sums of squares and of products."""

    n: int
    before: Fraction
    after: Fraction
    before_squares: Fraction
    after_squares: Fraction
    products: Fraction

    def ratio(self) -> Figure | None:
        """after / before, with the variance of a ratio of sums (Cochran, "Sampling Techniques", 2.11)."""
        if self.before <= 0:
            return None
        ratio = self.after / self.before
        spread = self.after_squares - 2 * ratio * self.products + ratio**2 * self.before_squares
        if self.n < 2 or spread <= 0:
            return Figure(ratio, None)
        margin = t_quantile(self.n - 1) * sqrt(spread * self.n / (self.n - 1)) / float(self.before)
        return Figure(ratio, (float(ratio) - margin, float(ratio) + margin))


def months_between(start: date, end: date) -> Fraction:
    """Whole calendar months from `start`, and the rest as a part of the month that it lies in."""
    count, at = 0, start
    while (after := _months_after(start, count + 1)) <= end:
        count, at = count + 1, after
    return count + Fraction((end - at).days, (_months_after(start, count + 1) - at).days)


def monthly_churn(stayed: int, n: int, months: Fraction) -> Figure:
    """1 - (share that stayed)^(1 / months), with Wilson's bounds of the share."""
    low, high = wilson(stayed / n, n)
    share = Fraction(stayed, n)
    value = 1 - share if months == 1 else 1 - Fraction(float(share) ** float(1 / months))
    return Figure(value, (1 - high ** float(1 / months), 1 - low ** float(1 / months)))


def lifetime(churn: Fraction) -> Fraction:
    """Months that a customer stays on average; `churn` is not 0."""
    return 1 / churn


def lifetime_within(churn: Fraction, months: int) -> Fraction:
    """Of the next `months` those that a customer is still there: Σ (1 - churn)^t, t from 0."""
    return Fraction(months) if churn == 0 else (1 - (1 - churn) ** months) / churn


def lifetime_discounted(churn: Fraction, discount: Fraction) -> Fraction:
    """Months to come, each worth less by the discount: r / (1 + d - r), with r = 1 - churn (Gupta and Lehmann 2003).

    Churn and discount are not both 0.
    """
    return (1 - churn) / (discount + churn)


def poisson_bounds(n: int) -> tuple[float, float]:
    """Of the mean of a count (Byar's approximation; Breslow and Day, "Statistical Methods in Cancer Research", II)."""
    low = n * (1 - 1 / (9 * n) - Z / (3 * sqrt(n))) ** 3 if n else 0.0
    return low, (n + 1) * (1 - 1 / (9 * (n + 1)) + Z / (3 * sqrt(n + 1))) ** 3


def product(first: Figure, second: Figure) -> Figure:
    """Of two independent figures: the method of variance estimates recovery, on logarithms (Zou and Donner 2008)."""
    return _combined(first, second, first.value * second.value, sign=1)


def quotient(first: Figure, second: Figure) -> Figure:
    """As `product`; the second is not 0."""
    return _combined(first, second, first.value / second.value, sign=-1)


def scaled(figure: Figure, by: Fraction) -> Figure:
    """By a number that is known, and not negative."""
    bounds = None if figure.bounds is None else (figure.bounds[0] * float(by), figure.bounds[1] * float(by))
    return Figure(figure.value * by, bounds)


def _combined(first: Figure, second: Figure, value: Fraction, *, sign: int) -> Figure:
    logs = _log(first), _log(second)
    if logs[0] is None or logs[1] is None:
        return Figure(value, None)
    low, at, high = logs[0]
    other = logs[1] if sign > 0 else tuple(-each for each in reversed(logs[1]))
    # A sum is the difference to the negative.
    bounds = difference_bounds((-other[2], -other[1], -other[0]), (low, at, high))
    return Figure(value, (exp(bounds[0]), exp(bounds[1])))


def _log(figure: Figure) -> tuple[float, float, float] | None:
    if figure.bounds is None or figure.bounds[0] <= 0 or figure.value <= 0:
        return None
    return log(figure.bounds[0]), log(figure.value), log(figure.bounds[1])


def _months_after(start: date, months: int) -> date:
    """The same day of a later month, or its last if it has none."""
    first = start.replace(day=1)
    for _ in range(months):
        first = (first + timedelta(days=32)).replace(day=1)
    length = ((first + timedelta(days=32)).replace(day=1) - first).days
    return first.replace(day=min(start.day, length))
