"""What each of several drivers that go together accounts for of an outcome's variance. Pure; loads numpy.

Every function takes correlation matrices, the outcome first, one or a stack of them (..., 1 + p, 1 + p).
"""

from itertools import combinations
from math import factorial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.metrics.drivers.correlations import Floats

# A matrix with a smaller eigenvalue is taken for one whose columns say the same.
SMALLEST: Final = 1e-6


def relative_weights(r: Floats) -> Floats:
    """Johnson's (Multivariate Behavioral Research 35, 2000): the drivers are replaced by the uncorrelated ones that
    are nearest to them, and what these account for is handed back by how much of each driver is in them.

    None is negative, and they add up to R².
    """
    values, vectors = np.linalg.eigh(r[..., 1:, 1:])
    nearest = (vectors * np.sqrt(values)[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    beta = np.linalg.solve(nearest, r[..., 1:, :1])
    found: Floats = ((nearest**2) @ (beta**2))[..., 0]
    return found


def shapley_weights(r: Floats) -> Floats:
    """What R² gains by a driver, averaged over all orders of putting them in (Lindeman, Merenda and Gold, 1980): the
    Shapley value of the drivers in R². Takes 2^p regressions."""
    p = r.shape[-1] - 1
    gains: dict[tuple[int, ...], Any] = {(): np.zeros(r.shape[:-2])}
    for size in range(1, p + 1):
        for chosen in combinations(range(p), size):
            places = [0, *(place + 1 for place in chosen)]
            gains[chosen] = r_squared(r[..., places, :][..., places])
    found: Floats = np.zeros((*r.shape[:-2], p))
    for chosen, gained in gains.items():
        for driver in chosen:
            without = tuple(other for other in chosen if other != driver)
            orders = factorial(len(without)) * factorial(p - len(chosen)) / factorial(p)
            found[..., driver] += orders * (gained - gains[without])
    return found


def slopes(r: Floats) -> Floats:
    """Standardised regression coefficients."""
    return np.asarray(np.linalg.solve(r[..., 1:, 1:], r[..., 1:, :1])[..., 0], dtype=np.float64)


def r_squared(r: Floats) -> Floats:
    return np.asarray((slopes(r) * r[..., 1:, 0]).sum(axis=-1), dtype=np.float64)


def inflation(r: Floats) -> Floats:
    """Variance inflation factor of each driver: 1 where it shares nothing with the others."""
    return np.asarray(np.diagonal(np.linalg.inv(r[..., 1:, 1:]), axis1=-2, axis2=-1), dtype=np.float64)


def hold_together(r: Floats) -> NDArray[np.bool_]:
    """Whether some answers could have these correlations. Those of different rows need not, nor where two drivers say
    the same."""
    whole = np.asarray(np.isfinite(r).all(axis=(-1, -2)))
    safe = np.where(whole[..., None, None], r, np.eye(r.shape[-1]))
    is_proper = np.linalg.eigvalsh(safe[..., 1:, 1:])[..., 0] > SMALLEST
    safe = np.where(is_proper[..., None, None], safe, np.eye(r.shape[-1]))
    found: NDArray[np.bool_] = whole & is_proper & (r_squared(safe) <= 1 + SMALLEST)
    return found
