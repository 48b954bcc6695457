"""Percentiles and means of times, checked against numpy and scipy."""

import random
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from services.metrics.scores.durations import Durations, ranks


def drawn(seed: int, n: int) -> list[int]:
    maker = random.Random(seed)
    return [round(maker.lognormvariate(7, 2)) for _ in range(n)]


@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(9, 10), Fraction(19, 20)])
@pytest.mark.parametrize("n", [1, 2, 7, 100, 3_000])
class TestAPercentile:
    def test_is_what_numpy_says(self, n: int, share: Fraction) -> None:
        values = drawn(n, n)
        found = Durations(Counter(values)).percentile(share).value
        assert float(found) == pytest.approx(np.percentile(values, float(share * 100)))

    def test_lies_between_the_ranks_that_the_binomial_distribution_gives(self, n: int, share: Fraction) -> None:
        low, high = (int(stats.binom.ppf(tail, n, float(share))) for tail in (0.025, 0.975))
        assert ranks(n, share) == (low, high + 1)


class TestAnInterval:
    def test_of_a_percentile_is_not_promised_from_a_few(self) -> None:
        durations = Durations(Counter(range(10)))
        assert durations.percentile(Fraction(1, 2)).interval == (1, 8)
        assert durations.percentile(Fraction(9, 10)).interval is None

    def test_of_a_percentile_holds_the_true_one_in_95_of_100_samples(self) -> None:
        true = float(np.exp(7 + 2 * stats.norm.ppf(0.9)))
        held = 0
        for seed in range(400):
            interval = Durations(Counter(drawn(seed, 120))).percentile(Fraction(9, 10)).interval
            assert interval is not None
            held += interval[0] <= true <= interval[1]
        assert held / 400 >= 0.93

    def test_of_a_mean_is_students(self) -> None:
        values = drawn(1, 40)
        found = Durations(Counter(values)).mean()
        expected = stats.t.interval(0.95, 39, np.mean(values), stats.sem(values))
        assert found.interval == pytest.approx((max(0, expected[0]), expected[1]), rel=1e-4)

    def test_of_a_mean_is_none_where_nothing_varies(self) -> None:
        assert Durations({60: 5}).mean().interval is None
