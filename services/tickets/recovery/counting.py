"""How much better it was afterwards, and who stayed. No I/O."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Final, Literal, get_args

from services.tickets.recovery import schemas as s
from shared.statistics import LEVEL, mean_bounds, shown, wilson

# A difference of two ratings from 0 to 100.
_LEAST, _MOST = -100, 100
_PERCENT: Final = 100

Fate = Literal["retained", "lost", "undecided"]


@dataclass(frozen=True, slots=True)
class Case:
    """One loop. `bought_at` and `cancelled_at` are when its customer did so last."""

    opened_at: datetime
    fixed_at: datetime | None
    before: int | None
    after: int | None
    bought_at: datetime | None
    cancelled_at: datetime | None

    @property
    def fate(self) -> Fate:
        left_at = self.cancelled_at
        if left_at is not None and left_at > self.opened_at and (self.bought_at is None or self.bought_at <= left_at):
            return "lost"
        stayed = self.bought_at is not None and self.fixed_at is not None and self.bought_at > self.fixed_at
        return "retained" if stayed else "undecided"


@dataclass(slots=True)
class Tally:
    """Sums are whole numbers, so that the order of the cases changes nothing."""

    loops: int = 0
    n: int = 0
    before: int = 0
    after: int = 0
    squares: int = 0
    excluded: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("not_fixed", "no_rating_before", "not_measured_again"), 0)
    )
    fates: dict[str, int] = field(default_factory=lambda: dict.fromkeys(get_args(Fate), 0))

    def add(self, case: Case) -> None:
        self.loops += 1
        self.fates[case.fate] += 1
        if case.fixed_at is None:
            self.excluded["not_fixed"] += 1
        elif case.before is None:
            self.excluded["no_rating_before"] += 1
        elif case.after is None:
            self.excluded["not_measured_again"] += 1
        else:
            self.n += 1
            self.before += case.before
            self.after += case.after
            self.squares += (case.after - case.before) ** 2

    def fields(self) -> dict[str, Any]:
        """Those of `RecoveryOut`."""
        decided = self.fates["retained"] + self.fates["lost"]
        return {
            "loops": self.loops,
            "n": self.n,
            **self._measured(),
            "excluded": s.Excluded(**self.excluded),
            **self.fates,
            "retention": shown(Fraction(_PERCENT * self.fates["retained"], decided)) if decided else None,
            "retention_interval": self._retention(decided) if decided else None,
        }

    def _measured(self) -> dict[str, Any]:
        if self.n == 0:
            return dict.fromkeys(("before", "after", "difference", "interval"))
        difference = Fraction(self.after - self.before, self.n)
        squares = self.squares - difference**2 * self.n
        low, high = mean_bounds(difference, squares, self.n, _LEAST, _MOST)
        return {
            "before": shown(Fraction(self.before, self.n)),
            "after": shown(Fraction(self.after, self.n)),
            "difference": shown(difference),
            "interval": s.Interval(low=shown(low), high=shown(high), level=LEVEL),
        }

    def _retention(self, decided: int) -> s.Interval:
        low, high = wilson(self.fates["retained"] / decided, decided)
        return s.Interval(low=shown(_PERCENT * low), high=shown(_PERCENT * high), level=LEVEL)


def tally(cases: Iterable[Case]) -> Tally:
    counted = Tally()
    for case in cases:
        counted.add(case)
    return counted
