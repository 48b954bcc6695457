"""How sure one can be of a share or a mean: 95 % intervals. No I/O."""

from fractions import Fraction
from math import sqrt
from statistics import NormalDist

LEVEL = 0.95
Z = NormalDist().inv_cdf((1 + LEVEL) / 2)
_FIRST_T = {1: 12.70620, 2: 4.30265, 3: 3.18245, 4: 2.77645}


def wilson(share: float, n: int) -> tuple[float, float]:
    """Bounds for a share, each between 0 and 1."""
    centre = share + Z**2 / (2 * n)
    margin = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return max(0.0, (centre - margin) / (1 + Z**2 / n)), min(1.0, (centre + margin) / (1 + Z**2 / n))


def mean_bounds(
    value: Fraction | float, squares: Fraction | float, n: int, least: float, most: float
) -> tuple[float, float]:
    """Student's t interval for a mean on a scale from `least` to `most`, which it never leaves. `squares`: of the
    differences from the mean, summed.

    If all values are the same their variance says nothing. Of all distributions on a scale with a given mean, the one
    that has only its two ends varies most, so Wilson's interval for that one is a safe answer.
    """
    if squares == 0:
        width = most - least
        low, high = wilson(float((value - least) / width), n)
        return least + width * low, least + width * high
    margin = t_quantile(n - 1) * sqrt(squares / (n - 1) / n)
    return max(float(least), float(value) - margin), min(float(most), float(value) + margin)


def difference_bounds(first: tuple[float, float, float], second: tuple[float, float, float]) -> tuple[float, float]:
    """Bounds for `second - first` of two independent estimates, each as low bound, value and high bound: the method of
    variance estimates recovery (Zou and Donner, Statistics in Medicine, 2008), which is Newcombe's for two shares."""
    (low_1, value_1, high_1), (low_2, value_2, high_2) = first, second
    difference = value_2 - value_1
    return (
        difference - sqrt((value_2 - low_2) ** 2 + (high_1 - value_1) ** 2),
        difference + sqrt((high_2 - value_2) ** 2 + (value_1 - low_1) ** 2),
    )


def t_quantile(degrees: int) -> float:
    """Student's t at 97.5 %: exact for up to 4 degrees of freedom, else by Abramowitz and Stegun 26.7.5 (±0.0003)."""
    if degrees in _FIRST_T:
        return _FIRST_T[degrees]
    terms = (
        (Z**3 + Z) / 4,
        (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
        (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
        (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / 92160,
    )
    return Z + sum((term / degrees**power for power, term in enumerate(terms, 1)), 0.0)


def shown(value: Fraction | float, places: int = 2) -> float:
    """So many decimals, half away from zero: 12.345 is shown as 12.35, where Python's own `round` would say 12.34."""
    above, below = value.as_integer_ratio()
    one: int = 10**places
    steps = (2 * one * abs(above) + below) // (2 * below)
    return (steps if above >= 0 else -steps) / one
