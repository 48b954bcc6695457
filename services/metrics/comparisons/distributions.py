"""Tails of the distributions that tests refer to. Own and small, because scipy takes seconds to load. No I/O."""

from math import erfc, exp, floor, lgamma, log, log1p, sqrt

from shared.statistics import LEVEL, t_quantile

_TINY = 1e-300
_ENOUGH = 1e-15


def normal_tails(z: float) -> float:
    """How likely a standard normal number is at least as far from 0, on either side."""
    return erfc(abs(z) / sqrt(2))


def student_tails(t: float, degrees: float) -> float:
    """How likely Student's t is at least as far from 0, on either side (Abramowitz and Stegun 26.5.27)."""
    return incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))


def student_bound(degrees: float) -> float:
    """Student's t that 95 of 100 lie within, for degrees of freedom that are no whole number."""
    low, high = 0.0, 2 * t_quantile(1)
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if student_tails(middle, degrees) > 1 - LEVEL else (low, middle)
    return (low + high) / 2


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised one, by its continued fraction (DLMF 8.17.22, evaluated as by Lentz)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_0(1 + term * d)
            c = _away_from_0(1 + term / c)
            fraction *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return front * fraction


def binomial_below(k: int, n: int) -> float:
    """How likely fewer than `k` of `n` fair coins fall heads. Summed from ten standard deviations below the mean on."""
    start = max(0, floor(n / 2 - 5 * sqrt(n)))
    mass = exp(lgamma(n + 1) - lgamma(start + 1) - lgamma(n - start + 1) - n * log(2))
    total = 0.0
    for heads in range(start, k):
        total += mass
        mass *= (n - heads) / (heads + 1)
    return total


def fisher(hits_1: int, n_1: int, hits_2: int, n_2: int) -> float:
    """Two-sided: all tables with the same margins that are no likelier than this one (Fisher's exact test)."""
    hits, n = hits_1 + hits_2, n_1 + n_2
    places = range(max(0, hits - n_2), min(hits, n_1) + 1)
    chances = {k: exp(_ways(n_1, k) + _ways(n_2, hits - k) - _ways(n, hits)) for k in places}
    return min(1.0, sum(chance for chance in chances.values() if chance <= chances[hits_1] * (1 + 1e-7)))


def _ways(n: int, k: int) -> float:
    """The logarithm of how many ways there are to choose k of n."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _away_from_0(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
