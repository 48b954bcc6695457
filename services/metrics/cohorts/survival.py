"""How long customers stay: Kaplan and Meier's estimate, and whether groups differ. No I/O.

Times are whole days. Who has not left by the end of what was observed is censored: stayed at least so long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import erfc, exp, lgamma, log, sqrt

from shared.statistics import Z

Counts = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Spells:
    """How many left after so many days, and how many were still there when they were last seen."""

    left: Counts
    censored: Counts

    @property
    def n(self) -> int:
        return sum(self.left.values()) + sum(self.censored.values())


@dataclass(frozen=True, slots=True)
class Step:
    """`at_risk` of the day, `left` on it, and the share that stays beyond it. `interval` is None where the share is 0
    or 1, about which no variance is known."""

    day: int
    at_risk: int
    left: int
    share: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Median:
    """The day by which half have left; None if that is not known yet, and so for both ends of its interval."""

    day: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class LogRank:
    statistic: float
    degrees: int
    p_value: float


def kaplan_meier(spells: Spells) -> list[Step]:
    """One step for each day on which anybody left (Kaplan and Meier 1958). Those censored on a day were at risk on it.

    The variance is Greenwood's, and the interval that of log(-log S), which stays between 0 and 1 (Kalbfleisch and
    Prentice, "The Statistical Analysis of Failure Time Data", 1.4).
    """
    at_risk, share, greenwood = spells.n, 1.0, 0.0
    steps = []
    for day in sorted({*spells.left, *spells.censored}):
        left = spells.left.get(day, 0)
        if left:
            share *= 1 - left / at_risk
            greenwood += left / (at_risk * (at_risk - left)) if left < at_risk else 0.0
            steps.append(Step(day, at_risk, left, share, _log_log(share, greenwood) if left < at_risk else None))
        at_risk -= left + spells.censored.get(day, 0)
    return steps


def median(steps: Sequence[Step]) -> Median:
    """With Brookmeyer and Crowley's interval (1982): the days on which the bounds of the curve cross a half."""

    def first(is_below: Sequence[bool]) -> int | None:
        return next((step.day for step, below in zip(steps, is_below, strict=True) if below), None)

    day = first([step.share <= 0.5 for step in steps])
    low = first([(step.interval[0] if step.interval else step.share) <= 0.5 for step in steps])
    high = first([(step.interval[1] if step.interval else step.share) <= 0.5 for step in steps])
    return Median(day, low, high)


def share_at(steps: Sequence[Step], day: int) -> tuple[float, tuple[float, float] | None]:
    """Who stays beyond the day; 1 before anybody has left."""
    known = [step for step in steps if step.day <= day]
    return (known[-1].share, known[-1].interval) if known else (1.0, None)


def log_rank(groups: Sequence[Spells]) -> LogRank | None:
    """Whether the groups' curves differ by more than chance (Mantel 1966; Peto and Peto 1972); None if nobody can tell:
    fewer than two groups have anybody, or nobody left while others were at risk."""
    groups = [group for group in groups if group.n]
    size = len(groups) - 1
    excess = [0.0] * size
    variance = [[0.0] * size for _ in range(size)]
    at_risk = [group.n for group in groups]
    for day in sorted({day for group in groups for day in (*group.left, *group.censored)}):
        left = [group.left.get(day, 0) for group in groups]
        total, events = sum(at_risk), sum(left)
        if events and total > 1:
            spread = events * (total - events) / (total - 1)
            for i in range(size):
                share = at_risk[i] / total
                excess[i] += left[i] - events * share
                for j in range(size):
                    variance[i][j] += spread * share * ((i == j) - at_risk[j] / total)
        at_risk = [n - gone - group.censored.get(day, 0) for n, gone, group in zip(at_risk, left, groups, strict=True)]
    solved = _solve(variance, excess) if size > 0 else None
    if solved is None:
        return None
    statistic = sum(each * weight for each, weight in zip(excess, solved, strict=True))
    return LogRank(statistic, size, chi_square_tail(statistic, size))


def chi_square_tail(value: float, degrees: int) -> float:
    """How often chance gives at least this (Abramowitz and Stegun 26.4.4 and 26.4.5)."""
    if value <= 0:
        return 1.0
    half = value / 2
    tail = erfc(sqrt(half)) if degrees % 2 else exp(-half)
    power = 0.5 if degrees % 2 else 1.0
    while 2 * power < degrees:
        tail += exp(power * log(half) - half - lgamma(power + 1))
        power += 1
    return min(1.0, tail)


def _log_log(share: float, greenwood: float) -> tuple[float, float] | None:
    if not 0 < share < 1:
        return None
    margin = Z * sqrt(greenwood) / abs(log(share))
    return share ** exp(margin), share ** exp(-margin)


def _solve(matrix: Sequence[Sequence[float]], wanted: Sequence[float]) -> list[float] | None:
    """Gauss's elimination; None if the matrix is singular."""
    rows = [[*row, value] for row, value in zip(matrix, wanted, strict=True)]
    size = len(rows)
    for column in range(size):
        pivot = max(range(column, size), key=lambda at: abs(rows[at][column]))
        if abs(rows[pivot][column]) < 1e-12:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for other in range(size):
            if other != column:
                factor = rows[other][column] / rows[column][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [row[-1] / row[at] for at, row in enumerate(rows)]
