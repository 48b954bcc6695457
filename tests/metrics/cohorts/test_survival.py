"""Survival curves and the log-rank test are those of lifelines, of statsmodels and of the textbook."""

import random
from collections import Counter

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.statistics import multivariate_logrank_test
from lifelines.utils import median_survival_times
from scipy.stats import chi2

from services.metrics.cohorts.survival import Spells, chi_square_tail, kaplan_meier, log_rank, median, share_at

# Freireich et al. 1963: weeks of remission of leukaemia; the example of every textbook.
TREATED = [(6, 1), (6, 1), (6, 1), (6, 0), (7, 1), (9, 0), (10, 1), (10, 0), (11, 0), (13, 1), (16, 1), (17, 0)]
TREATED += [(19, 0), (20, 0), (22, 1), (23, 1), (25, 0), (32, 0), (32, 0), (34, 0), (35, 0)]
PLACEBO = [(week, 1) for week in (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)]
People = list[tuple[int, int]]


def spells(people: People) -> Spells:
    left = Counter(day for day, gone in people if gone)
    return Spells(left, Counter(day for day, gone in people if not gone))


def drawn(seed: int, n: int, rate: float) -> People:
    chance = random.Random(seed)
    return [(min(int(chance.expovariate(rate)), 120), int(chance.random() < 0.7)) for _ in range(n)]


@pytest.mark.parametrize("people", [TREATED, PLACEBO, drawn(1, 200, 0.02), drawn(2, 7, 0.1), [(0, 1), (0, 0), (5, 1)]])
def test_the_curve_is_that_of_lifelines(people: People) -> None:
    fitted = KaplanMeierFitter().fit([day for day, _ in people], [gone for _, gone in people])
    bounds = fitted.confidence_interval_
    steps = kaplan_meier(spells(people))
    assert [step.day for step in steps] == sorted({day for day, gone in people if gone})
    for step in steps:
        assert step.share == pytest.approx(fitted.predict(step.day), abs=1e-12)
        if step.interval is not None:
            assert step.interval == pytest.approx(tuple(bounds.loc[step.day]), abs=1e-9)
    low, high = median_survival_times(bounds).iloc[0]
    found = median(steps)
    wanted = [fitted.median_survival_time_, low, high]
    assert [found.day, found.low, found.high] == [None if np.isinf(each) else each for each in wanted]


def test_the_example_of_the_textbook() -> None:
    steps = kaplan_meier(spells(TREATED))
    assert [round(step.share, 4) for step in steps] == [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert share_at(steps, 15)[0] == pytest.approx(0.6902, abs=1e-4)
    assert share_at(steps, 5) == (1.0, None)
    tested = log_rank([spells(TREATED), spells(PLACEBO)])
    assert tested is not None
    assert tested.statistic == pytest.approx(16.793, abs=1e-3)


@pytest.mark.parametrize("rates", [(0.02, 0.03), (0.02, 0.02, 0.05), (0.01, 0.02, 0.03, 0.04, 0.05)])
def test_the_log_rank_test_is_that_of_lifelines(rates: tuple[float, ...]) -> None:
    groups = [drawn(seed, 60, rate) for seed, rate in enumerate(rates)]
    everybody = [(day, gone, number) for number, group in enumerate(groups) for day, gone in group]
    days, gone, numbers = zip(*everybody, strict=True)
    oracle = multivariate_logrank_test(days, numbers, gone)
    found = log_rank([spells(group) for group in groups])
    assert found is not None
    assert found.degrees == len(rates) - 1
    assert found.statistic == pytest.approx(oracle.test_statistic, rel=1e-9)
    assert found.p_value == pytest.approx(oracle.p_value, rel=1e-6)


@pytest.mark.parametrize("degrees", range(1, 8))
@pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 5.0, 30.0])
def test_the_tail_is_that_of_scipy(value: float, degrees: int) -> None:
    assert chi_square_tail(value, degrees) == pytest.approx(chi2.sf(value, degrees), rel=1e-10)


def test_nobody_can_tell_one_group_from_none() -> None:
    assert log_rank([]) is None
    assert log_rank([spells(TREATED)]) is None
    assert log_rank([spells(TREATED), spells([])]) is None
    assert log_rank([spells([(9, 0)]), spells([(9, 0)])]) is None
