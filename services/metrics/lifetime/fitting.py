"""Fits BG/NBD and Gamma-Gamma with scipy: `python -m services.metrics.lifetime.fitting`, a process of its own.

It reads one `Lesson` as JSON from its input and writes a `Learned` to its output; nothing else imports scipy here.

BG/NBD (Fader, Hardie, Lee, "Counting Your Customers the Easy Way", Marketing Science 24, 2005): while alive, customers
buy at a rate that is gamma distributed (r, alpha); after each purchase they leave for good with a chance that is beta
distributed (a, b). Gamma-Gamma (Fader, Hardie, "The Gamma-Gamma Model of Monetary Value", 2013): what a customer pays
on average is gamma distributed with a rate that is gamma distributed itself (p, q, v). Times are weeks.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1
from scipy.stats import pearsonr

from services.metrics.lifetime.lessons import (
    Backtest,
    Expectation,
    Fitted,
    Group,
    Learned,
    Lesson,
    Parameter,
    Spending,
    Tested,
)
from shared.statistics import Z

Array = Any  # numpy's arrays, which are typed by what they hold and not by what it means
_WEEKS_A_YEAR: Final = 52
# Of logarithms: a parameter in the ten thousands says that the model has no use for it, and breaks its arithmetic.
_FURTHEST: Final = 10
# Where an optimiser starts does not matter to these likelihoods; that it goes on to the end does.
_OPTIONS: Final = {"maxiter": 20_000, "maxfev": 20_000, "xatol": 1e-8, "fatol": 1e-10}


class NotFound(Exception):
    """The likelihood has no top that the optimiser finds; the data does not look like these models."""


def fit_purchases(x: Array, t_x: Array, age: Array, weights: Array) -> list[Parameter]:
    """r, alpha, a and b. `x`: repeat purchases, the last of them at `t_x`, of customers first seen `age` weeks ago."""

    def loss(logs: Array) -> float:
        return -float(np.dot(weights, purchases_log_likelihood(np.exp(logs), x, t_x, age))) / float(weights.sum())

    return _fitted(loss, ("r", "alpha", "a", "b"), float(weights.sum()))


def purchases_log_likelihood(parameters: Array, x: Array, t_x: Array, age: Array) -> Array:
    """Of each customer; equation 6 of the paper, on logarithms."""
    r, alpha, a, b = parameters
    alive = -(r + x) * np.log(alpha + age)
    left = np.where(x > 0, np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x), -np.inf)
    shared = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    return shared + np.logaddexp(alive, left)


def alive(parameters: Sequence[float], x: Array, t_x: Array, age: Array) -> Array:
    """The chance that a customer still is one. Who has bought once cannot have left in this model."""
    r, alpha, a, b = parameters
    odds = np.where(x > 0, a / (b + np.maximum(x, 1) - 1) * ((alpha + age) / (alpha + t_x)) ** (r + x), 0.0)
    return 1 / (1 + odds)


def expected_purchases(parameters: Sequence[float], x: Array, t_x: Array, age: Array, weeks: float) -> Array:
    """Within the next weeks; equation 10 of the paper, its 2F1 by Euler's transformation, which keeps it small."""
    r, alpha, a, b = parameters
    # At a = 1 it is a limit, which its neighbour is near enough to.
    a = a if abs(a - 1) > 1e-6 else 1 + 1e-6
    z = weeks / (alpha + age + weeks)
    left = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    return (a + b + x - 1) / (a - 1) * (1 - left) * alive(parameters, x, t_x, age)


def fit_spending(x: Array, mean: Array) -> list[Parameter]:
    """p, q and v, from customers with repeat purchases and what they paid for these on average."""

    def loss(logs: Array) -> float:
        return -float(spending_log_likelihood(np.exp(logs), x, mean).mean())

    return _fitted(loss, ("p", "q", "v"), float(len(x)))


def spending_log_likelihood(parameters: Array, x: Array, mean: Array) -> Array:
    """Of each customer; equation 1a of the note."""
    p, q, v = parameters
    return (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(x * mean + v)
    )


def expected_spending(parameters: Sequence[float], x: Array, mean: Array) -> Array:
    """What a purchase of each will bring: between their own mean and everybody's, by how much is known of them."""
    p, q, v = parameters
    return (v + x * mean) * p / (p * x + q - 1)


def backtest(group: Group) -> Backtest | None:
    """Fitted on the first half of the time, and held against the second; None if the first half gives nothing."""
    x, t_x, age = _columns(group.purchases, "x", "t_x", "age")
    later = np.array([one.later for one in group.purchases], float)
    try:
        parameters = [each.value for each in fit_purchases(x, t_x, age, np.ones(len(x)))]
    except NotFound:
        return None
    expected = expected_purchases(parameters, x, t_x, age, group.weeks)
    if not np.isfinite(expected).all():
        return None
    naive = x / np.maximum(age, 1 / 7) * group.weeks
    return Backtest(
        customers=len(x),
        weeks=group.weeks,
        parameters=parameters,
        mean_error=float(np.abs(expected - later).mean()),
        mean_error_naive=float(np.abs(naive - later).mean()),
        correlation=_correlation(expected, later),
        expected=float(expected.sum()),
        actual=float(later.sum()),
    )


def learn(lesson: Lesson) -> Learned:
    """Parameters, the test on the time before, and of each customer what is to be expected within a year."""
    rows = lesson.now.purchases
    x, t_x, age = _columns(rows, "x", "t_x", "age")
    unique, places, weights = np.unique(np.column_stack([x, t_x, age]), axis=0, return_inverse=True, return_counts=True)
    purchases = fit_purchases(unique[:, 0], unique[:, 1], unique[:, 2], weights.astype(float))
    values = [each.value for each in purchases]
    soon = expected_purchases(values, unique[:, 0], unique[:, 1], unique[:, 2], _WEEKS_A_YEAR)[places.ravel()]
    living = alive(values, unique[:, 0], unique[:, 1], unique[:, 2])[places.ravel()]
    mean = np.array([one.mean or 0.0 for one in rows])
    paying = (x > 0) & (mean > 0)
    spending = fit_spending(x[paying], mean[paying])
    worth = expected_spending([each.value for each in spending], np.where(paying, x, 0), np.where(paying, mean, 0.0))
    if not all(np.isfinite(each).all() for each in (living, soon, worth)):
        raise NotFound
    return Learned(
        purchases=Fitted(parameters=purchases, customers=len(rows)),
        spending=Spending(
            parameters=spending,
            customers=int(paying.sum()),
            correlation=_correlation(x[paying], mean[paying]),
        ),
        backtest=backtest(lesson.before),
        customers=[
            Expectation(alive=float(one), purchases=float(often), spending=float(much))
            for one, often, much in zip(living, soon, worth, strict=True)
        ],
    )


def _fitted(loss: Callable[[Array], float], names: Sequence[str], n: float) -> list[Parameter]:
    """On logarithms, so that all stay positive; with intervals by the curvature at the top (Wald)."""
    found = minimize(loss, np.zeros(len(names)), method="Nelder-Mead", options=_OPTIONS)
    again = minimize(loss, found.x, method="Nelder-Mead", options=_OPTIONS)
    if not again.success or not np.isfinite(again.fun) or np.abs(again.x).max() > _FURTHEST:
        raise NotFound
    errors = _errors(loss, again.x, n)
    return [
        Parameter(
            name=name,
            value=float(np.exp(log)),
            low=None if error is None else float(np.exp(log - Z * error)),
            high=None if error is None else float(np.exp(log + Z * error)),
        )
        for name, log, error in zip(names, again.x, errors, strict=True)
    ]


def _errors(loss: Callable[[Array], float], top: Array, n: float) -> list[float | None]:
    """Standard errors from second differences; None where the top is too flat for them."""
    size, step = len(top), 1e-3
    curvature = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            corners = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
            moved = [loss(top + step * (one * np.eye(size)[i] + two * np.eye(size)[j])) for one, two in corners]
            curvature[i, j] = (moved[0] - moved[1] - moved[2] + moved[3]) / (4 * step**2)
    try:
        variances = np.diag(np.linalg.inv(curvature * n))
    except np.linalg.LinAlgError:
        return [None] * size
    return [float(np.sqrt(each)) if each > 0 else None for each in variances]


def _correlation(first: Array, second: Array) -> float | None:
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    return float(pearsonr(first, second).statistic)


def _columns(rows: Sequence[Any], *names: str) -> list[Array]:
    return [np.array([getattr(row, name) for row in rows], float) for name in names]


def main() -> None:
    lesson = Lesson.model_validate_json(sys.stdin.buffer.read())
    try:
        tested = Tested(learned=learn(lesson))
    except NotFound:
        tested = Tested(learned=None)
    sys.stdout.buffer.write(tested.model_dump_json().encode())


if __name__ == "__main__":
    main()
