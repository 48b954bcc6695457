"""Matching takes out what the groups differed in before, and its interval covers; simulations are seeded, and judged by
binomial bounds."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from services.metrics.experiments.samples import Sample
from services.metrics.initiatives.estimates import Stratum, in_money, roi, stratified

RUNS = 250
LEAST_COVERED = stats.binom.ppf(0.001, RUNS, 0.95) / RUNS


def sample(values: np.ndarray) -> Sample:
    return Sample(len(values), Fraction(float(values.sum())), Fraction(float((values**2).sum())))


def strata_of(values: np.ndarray, treated: np.ndarray, groups: np.ndarray) -> list[Stratum]:
    return [
        Stratum(sample(values[(groups == group) & treated]), sample(values[(groups == group) & ~treated]))
        for group in np.unique(groups)
    ]


class TestMatching:
    def test_takes_out_what_was_there_before_and_covers(self) -> None:
        """Those who spend more anyway are treated three times as often; the effect is 20 for everybody."""
        draw, held, naive = np.random.default_rng(1), 0, 0
        for _ in range(RUNS):
            groups = draw.integers(0, 3, 300)
            treated = draw.random(300) < np.array([0.2, 0.4, 0.6])[groups]
            values = (100 * groups + 20 * treated + draw.exponential(60, 300)).round()
            found = stratified(strata_of(values, treated, groups))
            assert found is not None
            assert found.bounds is not None
            held += found.bounds[0] <= 20 <= found.bounds[1]
            plain = stratified([Stratum(sample(values[treated]), sample(values[~treated]))])
            assert plain is not None
            assert plain.bounds is not None
            naive += plain.bounds[0] <= 20 <= plain.bounds[1]
        assert held / RUNS >= LEAST_COVERED
        assert naive / RUNS < 0.5

    def test_weighs_by_the_treated(self) -> None:
        """As regressions within the strata do, where the effect is another one in each."""
        draw = np.random.default_rng(2)
        groups = draw.integers(0, 2, 400)
        treated = draw.random(400) < np.array([0.25, 0.75])[groups]
        values = (10 * groups + 5 * treated * (1 + groups) + draw.normal(0, 1, 400)).round(3)
        found = stratified(strata_of(values, treated, groups))
        assert found is not None
        effects = [
            sm.OLS(values[groups == group], sm.add_constant(treated[groups == group].astype(float))).fit().params[1]
            for group in (0, 1)
        ]
        shares = [(treated & (groups == group)).sum() / treated.sum() for group in (0, 1)]
        assert float(found.difference) == pytest.approx(np.dot(effects, shares))

    def test_of_one_stratum_is_welchs_difference_of_two_means(self) -> None:
        draw = np.random.default_rng(3)
        here, there = draw.normal(3, 2, 40).round(3), draw.normal(1, 1, 25).round(3)
        found = stratified([Stratum(sample(here), sample(there))])
        assert found is not None
        oracle = stats.ttest_ind(here, there, equal_var=False).confidence_interval(0.95)
        assert found.bounds == pytest.approx((oracle.low, oracle.high))

    def test_leaves_out_who_has_nobody_like_them_and_counts_them(self) -> None:
        ones = sample(np.array([1.0, 2.0, 3.0]))
        found = stratified([Stratum(ones, ones), Stratum(ones, Sample()), Stratum(Sample(), ones)])
        assert found is not None
        assert (found.n, found.against_n, found.unmatched, found.difference) == (3, 3, 6, Fraction(0))
        assert stratified([Stratum(ones, Sample())]) is None

    def test_of_one_each_has_no_bounds(self) -> None:
        one = sample(np.array([1.0]))
        found = stratified([Stratum(one, one)])
        assert found is not None
        assert found.bounds is None


def test_money_is_exact_and_a_return_of_nothing_spent_is_none() -> None:
    assert in_money(Fraction(1, 3), 10, Fraction(1)) == Decimal("3.33")
    assert roi(Decimal("150.00"), Decimal(100)) == 50.0
    assert roi(Decimal("150.00"), Decimal(0)) is None
