"""How much two independent samples differ, and whether that is more than noise. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, sqrt
from statistics import NormalDist
from typing import Literal

from services.metrics.comparisons.distributions import (
    binomial_below,
    fisher,
    normal_tails,
    student_bound,
    student_tails,
)
from services.metrics.scores.durations import Durations
from services.metrics.scores.formulas import FEW, Bands, Moments, net_moments
from services.metrics.scores.histograms import Scale
from shared.statistics import Z, difference_bounds, mean_bounds, wilson

# With fewer expected in one of the four cells, the normal distribution is no picture of a share (Cochran 1954).
LEAST_EXPECTED = 5
# Of fewer, no two values enclose the median well enough.
FEWEST_FOR_MEDIAN = 5


Method = Literal["two_proportion_z", "fisher_exact", "nps_z", "welch_t", "median_z"]


@dataclass(frozen=True, slots=True)
class Significance:
    """Of no change at all. `statistic` is z or t; None where the probability was counted out. `p_value`: two-sided."""

    method: Method
    statistic: float | None
    p_value: float


@dataclass(frozen=True, slots=True)
class Change:
    """This value minus the other; `bounds` hold the true change in 95 of 100 pairs of samples. None where the samples
    allow no bounds, or no test."""

    value: Fraction
    bounds: tuple[float, float] | None
    test: Significance | None


def of_shares(this: Bands, other: Bands) -> Change | None:
    """In points of a hundred. Bounds by Newcombe's hybrid score method (Statistics in Medicine 17, 1998, method 10);
    the test is z of the pooled share, or Fisher's exact one where few are expected."""
    if not this.n or not other.n:
        return None
    here, there = Fraction(this.positive, this.n), Fraction(other.positive, other.n)
    (low_1, high_1), (low_2, high_2) = wilson(float(there), other.n), wilson(float(here), this.n)
    low, high = difference_bounds((low_1, float(there), high_1), (low_2, float(here), high_2))
    pooled = Fraction(this.positive + other.positive, this.n + other.n)
    if min(this.n, other.n) * min(pooled, 1 - pooled) < LEAST_EXPECTED:
        test = Significance("fisher_exact", None, fisher(this.positive, this.n, other.positive, other.n))
    else:
        error = sqrt(pooled * (1 - pooled) * (Fraction(1, this.n) + Fraction(1, other.n)))
        test = _by_normal("two_proportion_z", float(here - there) / error)
    return Change(100 * (here - there), (100 * low, 100 * high), test)


def of_net_promoters(this: Bands, other: Bands) -> Change | None:
    """z of the two standard errors. Where a sample is small or of one kind its plain error is too small; then both are
    taken with the answers added that `net_promoter_score` adds."""
    if not this.n or not other.n:
        return None
    is_plain = all(each.n >= FEW and net_moments(each, added=0).squares > 0 for each in (this, other))
    here, there = (net_moments(each, added=0 if is_plain else 3) for each in (this, other))
    error = 100 * sqrt(sum(each.squares / each.n**2 for each in (here, there)))
    difference = 100 * float(here.mean - there.mean)
    change = 100 * (net_moments(this, added=0).mean - net_moments(other, added=0).mean)
    # The adjustment pulls towards no change; a reader must still find the change inside its own bounds.
    low, high = min(difference - Z * error, float(change)), max(difference + Z * error, float(change))
    return Change(change, (max(-200.0, low), min(200.0, high)), _by_normal("nps_z", difference / error))


def of_means(this: Moments, other: Moments, scale: Scale | None) -> Change | None:
    """Welch's t (Biometrika 34, 1947). If neither varies, their variances say nothing: no test, and on a scale bounds
    recovered from those of each mean."""
    if not this.n or not other.n:
        return None
    change = this.mean - other.mean
    if min(this.n, other.n) < 2 or not this.squares + other.squares:
        return Change(change, None if scale is None else _recovered(this, other, scale), None)
    here, there = (float(each.squares / (each.n - 1) / each.n) for each in (this, other))
    degrees = (here + there) ** 2 / (here**2 / (this.n - 1) + there**2 / (other.n - 1))
    error = sqrt(here + there)
    t, margin = float(change) / error, student_bound(degrees) * error
    most = inf if scale is None else float(scale.maximum - scale.minimum)
    bounds = (max(-most, float(change) - margin), min(most, float(change) + margin))
    return Change(change, bounds, Significance("welch_t", t, student_tails(t, degrees)))


def of_medians(this: Durations, other: Durations) -> Change:
    """z of the two standard errors that order statistics give, whatever it is that durations are distributed like
    (Bonett and Price, "Statistical inference for a linear function of medians", Psychological Methods 7, 2002)."""
    half = Fraction(1, 2)
    change = this.percentile(half).value - other.percentile(half).value
    here, there = median_error(this), median_error(other)
    if here is None or there is None or not here + there:
        return Change(change, None, None)
    error = sqrt(here**2 + there**2)
    bounds = (float(change) - Z * error, float(change) + Z * error)
    return Change(change, bounds, _by_normal("median_z", float(change) / error))


def median_error(durations: Durations) -> float | None:
    """Its standard error (Price and Bonett, Journal of Statistical Computation and Simulation 68, 2001)."""
    n = durations.n
    if n < FEWEST_FOR_MEDIAN:
        return None
    rank = max(1, int((n + 1) / 2 - sqrt(n) + 0.5))
    width = durations.ranked(n - rank + 1) - durations.ranked(rank)
    return width / (2 * NormalDist().inv_cdf(1 - binomial_below(rank, n)))


def holm(p_values: Sequence[float]) -> list[float]:
    """What each says when all are looked at together (Holm, Scandinavian Journal of Statistics 6, 1979)."""
    adjusted, most = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = most
    return adjusted


def _recovered(this: Moments, other: Moments, scale: Scale) -> tuple[float, float]:
    (low_1, high_1), (low_2, high_2) = (
        mean_bounds(each.mean, each.squares, each.n, scale.minimum, scale.maximum) for each in (other, this)
    )
    return difference_bounds((low_1, float(other.mean), high_1), (low_2, float(this.mean), high_2))


def _by_normal(method: Method, z: float) -> Significance:
    return Significance(method, z, normal_tails(z))
