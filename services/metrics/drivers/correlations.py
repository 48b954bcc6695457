"""How answers go together, where some of them are missing. Pure; loads numpy."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
# What is left of rounding where all values are the same.
_NO_VARIANCE: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows by columns. `filled` is centred, and 0 where nothing was answered; `known` is 1 where something was."""

    filled: Floats
    known: Floats

    def only(self, columns: Any) -> "Answers":
        return Answers(self.filled[:, columns], self.known[:, columns])

    def complete(self) -> "Answers":
        """The rows that have everything."""
        rows = self.known.all(axis=1)
        return Answers(self.filled[rows], self.known[rows])


@dataclass(frozen=True, slots=True)
class Correlations:
    """`n[i, j]`: rows that have both; `r[i, j]`: Pearson's correlation in them, not a number where one of the two does
    not vary. `deviation`: of each column by itself."""

    n: Floats
    r: Floats
    deviation: Floats


def answers_of(values: Floats) -> Answers:
    """`values` are not numbers where nothing was answered: missing, and never 0."""
    known = np.isfinite(values)
    counts = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, values, 0.0).sum(axis=0) / counts
    return Answers(np.where(known, values - centre, 0.0), known.astype(np.float64))


def correlations(answers: Answers) -> Correlations:
    """Of each two columns over the rows that have both."""
    found = correlations_in(answers, np.ones((1, len(answers.known))))
    return Correlations(found.n[0], found.r[0], found.deviation[0])


def correlations_in(answers: Answers, times: Floats) -> Correlations:
    """A stack of them, one for each sample: `times[s, i]` is how often row i is in sample s."""
    filled, known = answers.filled, answers.known
    n = _sums(times, known, known)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Mean and variance of the column in the rows that the other one has, too.
        mean = _sums(times, filled, known) / n
        variance = _sums(times, filled * filled, known) / n - mean**2
        together = _sums(times, filled, filled) / n - mean * np.swapaxes(mean, -1, -2)
        spread = np.sqrt(np.where(variance > _NO_VARIANCE, variance, np.nan))
        r = together / (spread * np.swapaxes(spread, -1, -2))
    own_n = np.diagonal(n, axis1=-2, axis2=-1)
    own = np.diagonal(spread, axis1=-2, axis2=-1) * np.sqrt(own_n / np.maximum(own_n - 1, 1))
    places = np.arange(r.shape[-1])
    r[:, places, places] = 1.0
    return Correlations(n, r, own)


def _sums(times: Floats, first: Floats, second: Floats) -> Floats:
    """For each sample, of the products of each column of the first with each of the second. One product of large
    matrices is many times as fast as one of small matrices for each sample."""
    rows, columns = first.shape
    products = (first[:, :, None] * second[:, None, :]).reshape(rows, columns * columns)
    found: Floats = (times @ products).reshape(len(times), columns, columns)
    return found
