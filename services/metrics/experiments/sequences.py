"""Intervals that hold however often one looks, and whether the lots fell as they should. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import erfc, exp, log, pi, sqrt

from services.metrics.scores.formulas import Moments
from shared.statistics import LEVEL

ALPHA = 1 - LEVEL
# The sequence is asymptotic: before there are so many in each arm, it says nothing.
BURN_IN = 100
# Chance alone gives lots that are this uneven once in a thousand experiments.
UNEVEN = 0.001
# With fewer expected in an arm, chi-square is no picture of a count (Cochran 1954).
LEAST_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class Always:
    """`low` and `high` hold the true difference at all looks together; `p_value` is valid at each of them."""

    low: float
    high: float
    p_value: float


def always_valid(this: Moments, other: Moments, *, planned: int, alpha: float = ALPHA) -> Always | None:
    """Of this mean minus the other one; narrowest at so many `planned` in both together. None before the burn-in, and
    where nothing varies.

    The asymptotic confidence sequence of Robbins' normal mixture (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
    "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52, 2024, theorem 2.2
    and equation 11), whose test is the mixture sequential probability ratio test of Johari, Koomen, Pekelis and Walsh
    ("Peeking at A/B Tests", KDD 2017).
    """
    if min(this.n, other.n) < BURN_IN:
        return None
    variance = sum(float(each.squares) / (each.n - 1) / each.n for each in (this, other))
    if variance <= 0:
        return None
    ratio = mixing(alpha) * (this.n + other.n) / planned
    difference = float(this.mean) - float(other.mean)
    margin = sqrt(variance) * reach(ratio, alpha)
    evidence = difference**2 / variance * ratio / (1 + ratio) / 2 - log(1 + ratio) / 2
    return Always(difference - margin, difference + margin, min(1.0, exp(-evidence)))


def mixing(alpha: float) -> float:
    """The mixture's variance over that of the difference at the planned size, which makes the interval about as
    narrow there as it can be."""
    return -2 * log(alpha) + log(-2 * log(alpha)) + 1


def reach(ratio: float, alpha: float) -> float:
    """Half the width of the interval, in standard errors."""
    return sqrt((1 + ratio) / ratio * (log(1 + ratio) - 2 * log(alpha)))


@dataclass(frozen=True, slots=True)
class Lots:
    """`p_value`: how likely chance alone makes counts that uneven. None while there are too few."""

    expected: Mapping[str, float]
    statistic: float | None
    p_value: float | None

    @property
    def is_broken(self) -> bool:
        return self.p_value is not None and self.p_value < UNEVEN


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, Fraction]) -> Lots:
    """Pearson's chi-square of how many are in each arm against the shares (which are 1 together)."""
    n = sum(counts.values())
    expected = {arm: float(share * n) for arm, share in shares.items()}
    if min(expected.values()) < LEAST_EXPECTED:
        return Lots(expected, None, None)
    statistic = sum((counts.get(arm, 0) - each) ** 2 / each for arm, each in expected.items())
    return Lots(expected, statistic, chi_square_tail(statistic, len(shares) - 1))


def chi_square_tail(statistic: float, degrees: int) -> float:
    """How likely chi-square is at least that, for whole degrees of freedom (Abramowitz and Stegun 26.4.4, 26.4.5)."""
    half = statistic / 2
    if degrees % 2 == 0:
        term, total = 1.0, 1.0
        for k in range(1, degrees // 2):
            term *= half / k
            total += term
        return exp(-half) * total
    tail, term = erfc(sqrt(half)), 2 * sqrt(half / pi)
    for k in range(degrees // 2):
        tail += exp(-half) * term
        term *= half / (k + 1.5)
    return tail
