"""Which questions can be drivers, what each weighs, and how sure that is. Pure; loads numpy.

Intervals are percentiles of bootstrap samples of whole rows. A weight is never negative, so its interval cannot tell
whether it is more than nothing; a driver is significant if it weighs more than pure noise would in the same samples
(Tonidandel, LeBreton and Johnson, Psychological Methods 14, 2009), at 5 % among all drivers (Bonferroni).
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.metrics.drivers.correlations import (
    Answers,
    Correlations,
    Floats,
    answers_of,
    correlations,
    correlations_in,
)
from services.metrics.drivers.exchange import (
    LEAST,
    LEAST_FOR_EACH,
    SEED,
    Bounded,
    Left,
    Pair,
    Reason,
    Table,
    Weighed,
    Weights,
)
from services.metrics.drivers.weights import (
    hold_together,
    inflation,
    r_squared,
    relative_weights,
    shapley_weights,
    slopes,
)

SAMPLES: Final = 1_000
MOST_DRIVERS: Final = 12
# 2^p regressions for each sample: of more drivers Shapley weights are without interval.
MOST_BOUNDED_SHAPLEY: Final = 8
# What of its variance a driver must have for itself: a variance inflation of at most 1,000.
LEAST_OF_ITS_OWN: Final = 0.001
# Of the samples, for their percentiles to be intervals.
_LEAST_USABLE: Final = 0.9
_TAIL: Final = 0.025
# Samples; how many are in memory.
_AT_ONCE: Final = 200

_Statistic: TypeAlias = Callable[[Floats, Floats], Floats]


def least(drivers: int) -> int:
    """How many rows so many drivers need."""
    return max(LEAST, LEAST_FOR_EACH * drivers)


def weigh(table: Table, samples: int = SAMPLES) -> Weights:
    """The same rows give the same numbers, in whatever order they come."""
    columns = _in_order(columns_of(table))
    answers = answers_of(columns)
    known = correlations(answers)
    chosen, left = chosen_of(table.drivers, known)
    if not chosen:
        everything = "Too few answers." if known.deviation[0] > 0 else "All answers to the outcome are the same."
        return _refused(everything, left, least(1))
    p = len(chosen)
    used = [0, *(1 + place for place in chosen)]
    complete = int(answers.only(used).known.all(axis=1).sum())
    is_paired = bool(hold_together(known.r[np.ix_(used, used)]))
    if not is_paired and complete < least(p):
        why = f"Of different rows, the answers contradict each other, and only {complete} rows have all of them."
        return _refused(why, left, least(p), complete)
    mine = answers.only([*used, *range(1 + len(table.drivers), columns.shape[1])])
    if not is_paired:
        mine = mine.complete()
        if not hold_together(correlations(mine).r[: 1 + p, : 1 + p]):
            return _refused("The drivers say the same, or say the outcome itself.", left, least(p), complete)
    means = [float(np.nanmean(columns[:, place])) for place in used[1:]]
    basis: Literal["pairs", "complete"] = "pairs" if is_paired else "complete"
    found = _Samples(mine, p, has_net=table.net is not None, samples=samples)
    names = [table.drivers[place] for place in chosen]
    return Weights(
        basis=basis,
        least=least(p),
        complete=complete,
        r_squared=found.r_squared(),
        weighed=found.weighed(names, means),
        pairs=_pairs(names, found.whole),
        left=left,
        samples=found.usable,
        refused=None,
    )


class _Samples:
    """Of columns in this order: the outcome, `p` drivers, and the net score if there is one."""

    def __init__(self, answers: Answers, p: int, *, has_net: bool, samples: int) -> None:
        self.p, self._has_net = p, has_net
        self.whole = correlations(answers)
        r, deviation = _sampled(answers, samples)
        noisy = [*range(1 + p), r.shape[-1] - 1]
        is_usable = hold_together(r[:, noisy][:, :, noisy])
        self._r, self._deviation = r[is_usable], deviation[is_usable]
        self.usable = int(is_usable.sum())
        self._is_enough = self.usable >= _LEAST_USABLE * samples
        self._more_than_noise = self._gate(self._r[:, noisy][:, :, noisy]) if self._is_enough else None

    def _gate(self, r: Floats) -> NDArray[np.bool_]:
        weights = relative_weights(r)
        beyond = weights[:, :-1] - weights[:, -1:]
        found: NDArray[np.bool_] = np.quantile(beyond, _TAIL / self.p, axis=0) > 0
        return found

    def r_squared(self) -> Bounded:
        (found,) = self._bounded(lambda r, _: r_squared(r)[..., None])
        return found

    def weighed(self, names: list[str], means: list[float]) -> list[Weighed]:
        """In the order of the drivers."""
        weight, share, slope = self._bounded(_weight), self._bounded(_share), self._bounded(_slope)
        shapley = self._bounded(_shapley, has_interval=self.p <= MOST_BOUNDED_SHAPLEY)
        net = self._bounded(_slope, 1 + self.p) if self._has_net else [None] * self.p
        variance = inflation(self.whole.r[: 1 + self.p, : 1 + self.p])
        return [
            Weighed(
                driver=name,
                n=int(self.whole.n[0, 1 + place]),
                mean=means[place],
                weight=weight[place],
                share=share[place],
                shapley=shapley[place],
                slope=slope[place],
                net_slope=net[place],
                correlation=float(self.whole.r[0, 1 + place]),
                inflation=float(variance[place]),
                is_significant=None if self._more_than_noise is None else bool(self._more_than_noise[place]),
            )
            for place, name in enumerate(names)
        ]

    def _bounded(self, statistic: _Statistic, outcome: int = 0, *, has_interval: bool = True) -> list[Bounded]:
        """Each number that `statistic` makes of the correlations and deviations of this outcome and the drivers."""
        used = [outcome, *range(1, 1 + self.p)]
        value = statistic(self.whole.r[used][:, used], self.whole.deviation[used])
        if not (has_interval and self._is_enough):
            return [Bounded(value=float(one), low=None, high=None) for one in value]
        drawn = statistic(self._r[:, used][:, :, used], self._deviation[:, used])
        low, high = np.quantile(drawn, [_TAIL, 1 - _TAIL], axis=0)
        return [Bounded(value=float(v), low=float(a), high=float(b)) for v, a, b in zip(value, low, high, strict=True)]


def _weight(r: Floats, _: Floats) -> Floats:
    return relative_weights(r)


def _share(r: Floats, _: Floats) -> Floats:
    weights = relative_weights(r)
    found: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return found


def _shapley(r: Floats, _: Floats) -> Floats:
    return shapley_weights(r)


def _slope(r: Floats, deviation: Floats) -> Floats:
    """In points of the outcome for a point of the driver."""
    return slopes(r) * deviation[..., :1] / deviation[..., 1:]


def _sampled(answers: Answers, samples: int) -> tuple[Floats, Floats]:
    """Correlations and deviations in each sample of the rows, with a column of noise at the end."""
    rng = np.random.default_rng(SEED)
    rows = len(answers.known)
    noise = answers_of(rng.standard_normal((rows, 1)))
    noisy = Answers(np.hstack([answers.filled, noise.filled]), np.hstack([answers.known, noise.known]))
    r, deviation = [], []
    for start in range(0, samples, _AT_ONCE):
        drawn = rng.integers(rows, size=(min(_AT_ONCE, samples - start), rows))
        times = np.stack([np.bincount(one, minlength=rows) for one in drawn]).astype(np.float64)
        found = correlations_in(noisy, times)
        r.append(found.r)
        deviation.append(found.deviation)
    return np.concatenate(r), np.concatenate(deviation)


def columns_of(table: Table) -> Floats:
    """The outcome, the drivers, and the net score if there is one."""
    outcome = np.array(table.outcome, dtype=np.float64).reshape(-1, 1)
    answers = np.array(table.answers, dtype=np.float64).reshape(len(table.outcome), len(table.drivers))
    net = [] if table.net is None else [np.array(table.net, dtype=np.float64).reshape(-1, 1)]
    return np.hstack([outcome, answers, *net])


def _in_order(columns: Floats) -> Floats:
    """Rows in an order of their own, so that samples of them do not depend on the one they came in."""
    keys = np.where(np.isfinite(columns), columns, -np.inf)
    found: Floats = columns[np.lexsort(keys.T[::-1])]
    return found


def chosen_of(names: list[str], known: Correlations) -> tuple[list[int], list[Left]]:
    """Places of the drivers, and those that cannot be. The most answered are asked first."""
    answered = {place: int(known.n[0, 1 + place]) for place in range(len(names))}
    chosen: list[int] = []
    left = []
    for place in sorted(answered, key=lambda one: (-answered[one], names[one])):
        reason = _objection(place, chosen, known)
        if reason is None:
            chosen.append(place)
        else:
            left.append(Left(driver=names[place], n=answered[place], reason=reason))
    return sorted(chosen), left


def _objection(place: int, chosen: list[int], known: Correlations) -> Reason | None:
    together = [0, *(1 + other for other in chosen), 1 + place]
    if len(chosen) == MOST_DRIVERS:
        return Reason.MANY
    if known.n[np.ix_(together, together)].min() < least(len(chosen) + 1):
        return Reason.FEW
    r = known.r[np.ix_(together, together)]
    if not np.isfinite(r).all():
        return Reason.CONSTANT
    # Its own variance that the others do not explain; below 0 where different rows contradict each other.
    others, own = r[1:-1, 1:-1], r[1:-1, -1]
    if chosen and 1 - own @ np.linalg.solve(others, own) < LEAST_OF_ITS_OWN:
        return Reason.REPEATS
    return None


def _pairs(names: list[str], known: Correlations) -> list[Pair]:
    return [
        Pair(drivers=(names[a], names[b]), n=int(known.n[1 + a, 1 + b]), correlation=float(known.r[1 + a, 1 + b]))
        for a in range(len(names))
        for b in range(a + 1, len(names))
    ]


def _refused(why: str, left: list[Left], needed: int, complete: int = 0) -> Weights:
    return Weights(
        basis="pairs",
        least=needed,
        complete=complete,
        r_squared=None,
        weighed=[],
        pairs=[],
        left=left,
        samples=0,
        refused=why,
    )
