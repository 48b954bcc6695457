"""How long something took: percentiles and the mean, each with its 95 % interval. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import exp, floor, inf, lgamma, log, sqrt

from shared.statistics import LEVEL, mean_bounds


@dataclass(frozen=True, slots=True)
class Measured:
    """In seconds. `interval` is None where so few values allow none."""

    value: Fraction
    interval: tuple[float, float] | None


class Durations:
    """`counts`: how many took so many seconds; at least one."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._seconds = sorted(counts)
        self._counts = [counts[each] for each in self._seconds]
        self._upto = list(accumulate(self._counts))
        self.n = self._upto[-1]

    def percentile(self, share: Fraction) -> Measured:
        """Between the two nearest values, as PostgreSQL's `percentile_cont` and numpy have it (Hyndman and Fan, 7).

        The interval is between two of the values: those whose ranks enclose the true percentile in at least 95 of 100
        samples, whatever it is that durations are distributed like (Hahn and Meeker, "Statistical Intervals", 5.2).
        """
        place = share * (self.n - 1)
        below = floor(place)
        value = self._at(below) + (place - below) * (self._at(min(below + 1, self.n - 1)) - self._at(below))
        low, high = ranks(self.n, share)
        is_open = low < 1 or high > self.n
        return Measured(value, None if is_open else (float(self._at(low - 1)), float(self._at(high - 1))))

    def mean(self) -> Measured:
        """With Student's t interval; none if all took the same time, because then their variance says nothing."""
        each = list(zip(self._seconds, self._counts, strict=True))
        total = sum(seconds * count for seconds, count in each)
        squares = self.n * sum(seconds**2 * count for seconds, count in each) - total**2
        value = Fraction(total, self.n)
        if squares == 0:
            return Measured(value, None)
        return Measured(value, mean_bounds(value, Fraction(squares, self.n), self.n, 0, inf))

    def ranked(self, rank: int) -> int:
        """The value of this rank, from 1 for the shortest."""
        return self._at(rank - 1)

    def _at(self, index: int) -> int:
        """The value at this place in order, from 0."""
        low, high = 0, len(self._upto) - 1
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._upto[middle] > index else (middle + 1, high)
        return self._seconds[low]


def ranks(n: int, share: Fraction) -> tuple[int, int]:
    """From which to which rank (from 1) the interval of a percentile reaches; 0 or n + 1 where there is no such one.

    So many of n values lie below the true percentile: a binomial number. Its quantiles are summed from ten standard
    deviations below its mean on, where nothing is left to be missed.
    """
    p = float(share)
    spread = sqrt(n * p * (1 - p))
    k = max(0, floor(n * p - 10 * spread))
    mass = exp(lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))
    below, tail = mass, (1 - LEVEL) / 2
    low = None
    while below < 1 - tail:
        if low is None and below >= tail:
            low = k
        mass *= (n - k) / (k + 1) * p / (1 - p)
        k += 1
        below += mass
    return k if low is None else low, k + 1
