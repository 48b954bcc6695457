"""How many customers an experiment needs. No I/O."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, sqrt
from statistics import NormalDist

from services.metrics.experiments.sequences import ALPHA, mixing, reach

# Even the widest sequence reaches any effect with so many times what a single look needs.
_MOST_TIMES = 64.0


def needed(
    variances: tuple[float, float], shares: tuple[float, float], *, effect: float, power: float, alpha: float = ALPHA
) -> tuple[int, int]:
    """How many in the first and the second arm, if they fill by these shares, so that a single look at the end finds a
    difference of `effect` with this power (two-sided; Lachin, Controlled Clinical Trials 2, 1981, without pooling)."""
    normal = NormalDist()
    error = abs(effect) / (normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power))
    first, second = (share / sum(shares) for share in shares)
    together = (variances[0] / first + variances[1] / second) / error**2
    return ceil(together * first - 1e-9), ceil(together * second - 1e-9)


def times_if_watched(power: float, alpha: float = ALPHA, *, single: float = ALPHA) -> float:
    """How many times as many customers until the always-valid interval leaves out 0 with this power at one look;
    it may do so long before. `single` is the level of the single look that the plan is for."""
    normal = NormalDist()
    planned = normal.inv_cdf(1 - single / 2) + normal.inv_cdf(power)
    low, high = 1.0, _MOST_TIMES
    while high - low > 1e-6:
        times = (low + high) / 2
        is_enough = reach(mixing(alpha) * times, alpha) + normal.inv_cdf(power) <= planned * sqrt(times)
        low, high = (low, times) if is_enough else (times, high)
    return high


def shares_of(weights: Mapping[str, int], holdout: str, holdout_percent: Fraction) -> dict[str, Fraction]:
    """Which part of all customers each arm gets."""
    kept_out = holdout_percent / 100
    shares = {arm: (1 - kept_out) * Fraction(weight, sum(weights.values())) for arm, weight in weights.items()}
    return shares | ({holdout: kept_out} if kept_out else {})
