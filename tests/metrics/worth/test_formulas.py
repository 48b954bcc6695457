"""What customers are worth: golden vectors, and the intervals of others."""

import random
from datetime import date
from fractions import Fraction
from math import exp, inf, log
from statistics import mean

import pytest
from scipy import stats

from services.metrics.worth.formulas import (
    Figure,
    Pairs,
    Sums,
    lifetime,
    lifetime_discounted,
    lifetime_within,
    monthly_churn,
    months_between,
    poisson_bounds,
    product,
    quotient,
)
from shared.statistics import shown

# ARPA 50, margin 80 %, churn 4 % a month.
MONTHLY, CHURN = Fraction(40), Fraction(4, 100)


def test_the_golden_vectors() -> None:
    assert shown(MONTHLY * lifetime(CHURN)) == 1000
    assert shown(MONTHLY * lifetime_within(CHURN, 60)) == 913.65
    assert shown(MONTHLY * lifetime_discounted(CHURN, Fraction(1, 100))) == 768
    cost = Fraction(30_000, 60)
    assert [float(each) for each in (cost, cost / MONTHLY, MONTHLY * lifetime(CHURN) / cost)] == [500, 12.5, 2]


def test_nobody_who_leaves_stays_for_the_horizon_and_no_longer() -> None:
    assert lifetime_within(Fraction(0), 60) == 60
    assert lifetime_within(Fraction(1), 60) == 1


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        (date(2026, 3, 1), date(2026, 4, 1), Fraction(1)),
        (date(2026, 1, 31), date(2026, 2, 28), Fraction(1)),
        (date(2026, 1, 1), date(2027, 1, 1), Fraction(12)),
        (date(2026, 2, 1), date(2026, 2, 8), Fraction(7, 28)),
        (date(2026, 1, 15), date(2026, 3, 1), 1 + Fraction(14, 28)),
    ],
)
def test_months_are_those_of_the_calendar(start: date, end: date, months: Fraction) -> None:
    assert months_between(start, end) == months


def test_churn_of_a_month_is_compounded() -> None:
    assert monthly_churn(48, 50, Fraction(1)).value == Fraction(2, 50)
    quarter = monthly_churn(64, 125, Fraction(3))
    assert float(quarter.value) == pytest.approx(0.2)
    wilson = stats.binomtest(64, 125).proportion_ci(method="wilson")
    assert quarter.bounds == pytest.approx((1 - wilson.high ** (1 / 3), 1 - wilson.low ** (1 / 3)))


def test_a_mean_has_students_interval() -> None:
    values = [3, 8, 21, 0, 4]
    found = Sums(5, Fraction(sum(values)), Fraction(sum(each * each for each in values))).mean()
    assert found is not None
    assert found.bounds == pytest.approx(stats.t.interval(0.95, 4, mean(values), stats.sem(values)), abs=0.01)
    assert Sums(0, Fraction(0), Fraction(0)).mean() is None
    assert Sums(3, Fraction(6), Fraction(12)).mean() == Figure(Fraction(2), None)


@pytest.mark.parametrize("n", [1, 3, 10, 60, 1000])
def test_a_count_has_nearly_the_exact_interval(n: int) -> None:
    low, high = poisson_bounds(n)
    # Garwood's, by the chi-square distribution.
    assert low == pytest.approx(stats.chi2.ppf(0.025, 2 * n) / 2, rel=0.02, abs=0.03)
    assert high == pytest.approx(stats.chi2.ppf(0.975, 2 * n + 2) / 2, rel=0.005)


def test_products_and_quotients_widen_on_logarithms() -> None:
    first, second = Figure(Fraction(40), (30.0, 55.0)), Figure(Fraction(1, 25), (0.02, 0.07))
    low = (log(40 / 30) ** 2 + log(0.07 / 0.04) ** 2) ** 0.5
    high = (log(55 / 40) ** 2 + log(0.04 / 0.02) ** 2) ** 0.5
    found = quotient(first, second)
    assert float(found.value) == 1000
    assert found.bounds == pytest.approx((1000 * exp(-low), 1000 * exp(high)))
    turned = Figure(Fraction(25), (1 / 0.07, 1 / 0.02))
    assert product(first, turned).bounds == pytest.approx(found.bounds)
    assert quotient(Figure(Fraction(40), (-1.0, 55.0)), second).bounds is None


def test_the_interval_of_a_ratio_covers() -> None:
    """Of 400 samples of 80 customers, about 380 have the true ratio of 0.9 in their interval."""
    chance, covered = random.Random(7), 0

    def summed(first: list[float], second: list[float]) -> Fraction:
        return Fraction(sum(a * b for a, b in zip(first, second, strict=True)))

    for _ in range(400):
        before = [chance.lognormvariate(3, 0.5) for _ in range(80)]
        after = [each * 0.9 * chance.lognormvariate(0, 0.3) / exp(0.045) for each in before]
        totals = Fraction(sum(before)), Fraction(sum(after))
        squares = summed(before, before), summed(after, after), summed(before, after)
        found = Pairs(80, *totals, *squares).ratio()
        assert found is not None
        low, high = found.bounds or (-inf, inf)
        covered += low <= 0.9 <= high
    assert 366 <= covered <= 393
