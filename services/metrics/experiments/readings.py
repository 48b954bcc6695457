"""From two arms to what is known of the difference between them. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from services.metrics.comparisons.significance import Change, holm, of_means
from services.metrics.experiments.outcomes import Arm
from services.metrics.experiments.samples import Kind, Sample, adjusted, change_of
from services.metrics.experiments.sequences import ALPHA, Always, always_valid
from services.metrics.scores.formulas import Moments
from services.metrics.scores.histograms import Scale

# Of a share, as many must have done it and as many not, before an always-valid interval may be made of it.
FEWEST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """Two arms, or sums of them; `planned` is the size of the single look in each. `level`: which part of the looks at
    it may be wrong."""

    this: Arm
    other: Arm
    planned: tuple[int, int]
    level: float = ALPHA

    @property
    def is_complete(self) -> bool:
        return self.this.first.n >= self.planned[0] and self.other.first.n >= self.planned[1]


@dataclass(frozen=True, slots=True)
class Fixed:
    n: int
    against_n: int
    change: Change
    p_adjusted: float | None

    @property
    def is_significant(self) -> bool:
        return self.p_adjusted is not None and self.p_adjusted < ALPHA


@dataclass(frozen=True, slots=True)
class Watched:
    """On the scale that is shown; `level` of the interval."""

    n: int
    against_n: int
    difference: float
    always: Always
    level: float

    @property
    def is_significant(self) -> bool:
        return not self.always.low <= 0 <= self.always.high


@dataclass(frozen=True, slots=True)
class Reading:
    """`fixed` is None before the planned size, `watched` before the burn-in, or where nothing varies."""

    fixed: Fixed | None
    watched: Watched | None
    explained: float | None


def read(pair: Pair, kind: Kind, scale: Scale | None, *, use_history: bool) -> Reading:
    now, explained = watch(pair, kind, use_history=use_history)
    fixed = None
    if pair.is_complete:
        change = _change(pair.this.first, pair.other.first, kind, scale, use_history=use_history)
        if change is not None:
            p_value = change.test.p_value if change.test is not None else None
            fixed = Fixed(pair.this.first.n, pair.other.first.n, change, p_value)
    return Reading(fixed, now, explained)


def watch(pair: Pair, kind: Kind, *, use_history: bool = False) -> tuple[Watched | None, float | None]:
    """And which part of the variance the history has explained."""
    this, other = pair.this.all, pair.other.all
    both, explained = _moments(this, other, use_history=use_history)
    if kind is Kind.SHARE and not all(
        min(each.total, each.n - each.total) >= FEWEST_OF_A_KIND for each in (this, other)
    ):
        return None, explained
    always = always_valid(*both, planned=sum(pair.planned), alpha=pair.level)
    if always is None:
        return None, explained
    factor = kind.factor
    shown = replace(always, low=factor * always.low, high=factor * always.high)
    difference = float(factor * (both[0].mean - both[1].mean))
    return Watched(this.n, other.n, difference, shown, 1 - pair.level), explained


def judge_together(readings: Sequence[Reading]) -> list[Reading]:
    """Each is significant only if it would be among so many tests."""
    tested = [each.fixed for each in readings if each.fixed is not None and each.fixed.p_adjusted is not None]
    p_values = iter(holm([each.p_adjusted for each in tested if each.p_adjusted is not None]))
    found = []
    for each in readings:
        if each.fixed is not None and each.fixed.p_adjusted is not None:
            each = replace(each, fixed=replace(each.fixed, p_adjusted=next(p_values)))
        found.append(each)
    return found


def _change(this: Sample, other: Sample, kind: Kind, scale: Scale | None, *, use_history: bool) -> Change | None:
    (here, there), explained = _moments(this, other, use_history=use_history)
    if explained is None:
        return change_of(kind, this, other, scale)
    return of_means(_times(here, kind.factor), _times(there, kind.factor), None)


def _moments(this: Sample, other: Sample, *, use_history: bool) -> tuple[tuple[Moments, Moments], float | None]:
    found = adjusted([this, other]) if use_history and this.n and other.n else None
    if found is None:
        return (this.moments, other.moments), None
    (here, there), explained = found
    return (here, there), explained


def _times(moments: Moments, factor: int) -> Moments:
    return Moments(moments.n, factor * moments.mean, Fraction(factor) ** 2 * moments.squares)
