"""What an account wants to be told of, and what was found, in numbers. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

DAYS_IN_MONTH: Final = 365.25 / 12


@dataclass(frozen=True, slots=True)
class Rhythm:
    """In periods of so many `days`. Expected is what the last `window` of them have shown, but for the `guard` newest,
    which a beginning change may be in; `least` of them must be known. From `two_years` on seasons are known, too, from
    at most `longest`. A change that has lasted for `settled` periods is the usual level then. `kept`: how far back one
    looks."""

    days: int
    window: int
    guard: int
    least: int
    two_years: int
    longest: int
    settled: int
    kept: int


DAYS: Final = Rhythm(days=1, window=84, guard=7, least=28, two_years=730, longest=730, settled=28, kept=850)
WEEKS: Final = Rhythm(days=7, window=52, guard=2, least=8, two_years=104, longest=156, settled=8, kept=190)


@dataclass(frozen=True, slots=True)
class Terms:
    """`directions`: 1 for a rise, -1 for a fall. `effect`: the smallest change worth telling, in the metric's own unit.
    `alarms_per_month`: so many may come of noise alone, of all `streams` that are watched together."""

    effect: float
    minimum_n: int
    alarms_per_month: float
    directions: tuple[int, ...]
    rhythm: Rhythm
    streams: int = 1


@dataclass(frozen=True, slots=True)
class Point:
    """One period. `error`: the standard error of `value`; both None where nothing can be said."""

    start: date
    end: date
    value: float | None
    error: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A period and what was expected of it; None while there is too little history, or where there were too few
    answers. A value outside of `low` and `high` would raise an alarm alone. `direction`: of the alarm that was open
    after it, 0 without."""

    point: Point
    expected: float | None
    low: float | None
    high: float | None
    direction: int


@dataclass(frozen=True, slots=True)
class Finding:
    """An alarm that is open: since when, and by how much the values since then differ from the expected, with the
    standard error of that."""

    direction: int
    onset: date
    change: float
    error: float


@dataclass(frozen=True, slots=True)
class Line:
    """One stream of periods, judged. `settled`: its newest level became the usual one with its last period."""

    group: str | None
    judged: Sequence[Judged]
    finding: Finding | None
    settled: bool

    @property
    def is_learning(self) -> bool:
        return all(each.expected is None for each in self.judged[-3:])
