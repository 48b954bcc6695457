"""Control limits that know the noise of small samples, weekdays and seasons. No I/O; needs numpy, so import it late.

Each period's value is judged against what the periods before let expect: weighted least squares on a level, the
weekdays (for days), and, from two years on, a trend and one yearly wave. A value's own error follows from how many
answers it has, times what the values vary more than that (quasi-likelihood: McCullagh and Nelder, "Generalized Linear
Models", 1989, 4.5). The differences are summed up by Page's CUSUM (Biometrika 41, 1954) of the log-likelihood ratio of
a shift by the minimum effect, which gives each period the weight of its sample (Steiner et al., Biostatistics 1, 2000).

All arrays are runs x periods, so that thousands of simulated years are judged by the very code that judges one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.metrics.alerts.terms import DAYS_IN_MONTH, Rhythm, Terms

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]
Places = NDArray[np.int64]

DAYS_IN_YEAR: Final = 365.25
# A single strange period shall not pass for variation that is always there.
_MOST_RESIDUAL: Final = 4.0
# What a random walk overshoots a limit by, in standard deviations (Siegmund, "Sequential Analysis", 1985, 10.2).
_OVERSHOOT: Final = 1.166


@dataclass(frozen=True, slots=True)
class Series:
    """`value`, its standard `error` and `n` of each period; where n is 0 the other two do not matter. `day`: the first
    day of each period, as a number."""

    value: Numbers
    error: Numbers
    n: Numbers
    day: Numbers


@dataclass(frozen=True, slots=True)
class Chart:
    """`expected` (not a number while there is too little history), the bounds that a period alone would raise an alarm
    outside of, and what was known after each period: `direction` of the alarm that is open (0 without), the place of
    its `onset`, and by how much the values since then differ from the expected, with the standard error of that.
    `raised` where an alarm began. `settled` where one ended because its level is the usual one now."""

    expected: Numbers
    low: Numbers
    high: Numbers
    direction: Places
    onset: Places
    change: Numbers
    change_error: Numbers
    raised: Flags
    settled: Flags


def limit(shift: Numbers, periods: float) -> Numbers:
    """Of the summed log-likelihood ratio for a `shift` in standard errors, so that without one it is passed once in so
    many periods (Siegmund 1985, 10.2: 2(e^u - u - 1) / shift², u being the limit and the overshoot)."""
    aim = periods * shift**2 / 2
    u = np.log1p(aim) + 0.1
    for _ in range(40):
        u = np.log(aim + u + 1)
    return np.asarray(np.maximum(u - _OVERSHOOT * shift, 0.0))


def judge(series: Series, terms: Terms) -> Chart:
    """Each period in turn, by what was known when it was over."""
    state = _State(series, terms)
    for place in range(series.value.shape[1]):
        state.advance(place)
    return state.chart


class _State:
    """Of all runs after a period. `up` and `down` are the sums of each direction, `back` that of going back; `since`
    has for each direction the place it is summed from."""

    def __init__(self, series: Series, terms: Terms) -> None:
        runs, periods = series.value.shape
        self.series, self.terms = series, terms
        self.usable: Flags = series.n >= terms.minimum_n
        self.value = np.where(self.usable, series.value, 0.0)
        self.n = np.where(self.usable, series.n, 0.0)
        # Of one answer.
        self.variance = np.where(self.usable, series.error**2 * series.n, 0.0)
        self.residual = np.zeros((runs, periods))
        # What the short and the long history leave out, and where each begins.
        self.strange = {is_long: np.zeros((runs, periods), dtype=bool) for is_long in (False, True)}
        self.begin = {is_long: np.zeros(runs, dtype=np.int64) for is_long in (False, True)}
        self.is_long = np.zeros(runs, dtype=bool)
        self.direction, self.onset, self.began, self.end = (np.zeros(runs, dtype=np.int64) for _ in range(4))
        self.back = np.zeros(runs)
        self.sums = {way: np.zeros(runs) for way in terms.directions}
        self.since = {way: np.zeros(runs, dtype=np.int64) for way in terms.directions}
        self.design = {is_long: _design(series.day, terms.rhythm, is_long=is_long) for is_long in (False, True)}
        blank = np.full((runs, periods), np.nan)
        self.chart = Chart(
            *(blank.copy() for _ in range(3)),
            *(np.zeros((runs, periods), dtype=np.int64) for _ in range(2)),
            *(blank.copy() for _ in range(2)),
            *(np.zeros((runs, periods), dtype=bool) for _ in range(2)),
        )

    def advance(self, place: int) -> None:
        expected, base, unit, level = self._expect(place)
        n = self.n[:, place]
        is_judged = self.usable[:, place] & np.isfinite(expected)
        error = np.sqrt(np.where(is_judged, unit * (1 / np.maximum(n, 1) + base), 1.0))
        self.residual[:, place] = np.where(is_judged, self.value[:, place] - expected, 0.0)
        shift = self.terms.effect / error
        score = self.residual[:, place] / error
        height = limit(self.terms.effect / np.sqrt(np.where(is_judged, unit * level, 1.0)), self._aim())
        width = np.where(is_judged, error * (shift / 2 + height / shift), np.nan)
        width = np.maximum(width, self.terms.effect)
        self.chart.expected[:, place] = np.where(is_judged, expected, np.nan)
        self.chart.low[:, place], self.chart.high[:, place] = expected - width, expected + width
        ratios = {way: np.where(is_judged, way * shift * score - shift**2 / 2, 0.0) for way in self.sums}
        self._go_on(place, ratios, height)
        self._raise(place, ratios, height, is_judged, unit, base)
        self._settle(place)
        self.chart.direction[:, place], self.chart.onset[:, place] = self.direction, self.onset

    def _aim(self) -> float:
        """Periods without a shift in which each of the sums may pass its limit once."""
        per_month = DAYS_IN_MONTH / self.terms.rhythm.days
        return per_month * len(self.sums) * self.terms.streams / self.terms.alarms_per_month

    def _go_on(self, place: int, ratios: dict[int, Numbers], height: Numbers) -> None:
        """Alarms that are open end when as much speaks for the usual as once spoke against it."""
        ratio = sum((np.where(self.direction == way, each, 0.0) for way, each in ratios.items()), np.zeros(len(height)))
        is_open = self.direction != 0
        began = is_open & (self.back <= 0)
        self.end = np.where(began, place, self.end)
        self.back = np.where(is_open, np.maximum(0.0, self.back - ratio), 0.0)
        self._mark(is_open, np.full(len(height), place), place)
        is_over = is_open & (self.back > np.maximum(height, 1e-9))
        self._unmark(is_over, self.end, place)
        self._clear(is_over)

    def _raise(
        self, place: int, ratios: dict[int, Numbers], height: Numbers, judged: Flags, unit: Numbers, base: Numbers
    ) -> None:
        for way, ratio in ratios.items():
            idle = self.direction == 0
            self.since[way] = np.where(self.sums[way] <= 0, place, self.since[way])
            self.sums[way] = np.where(idle, np.maximum(0.0, self.sums[way] + ratio), 0.0)
            change, error = self._changed(self.since[way], place, unit, base)
            is_enough = way * change >= self.terms.effect
            raised = idle & judged & (self.sums[way] > height) & is_enough
            self.direction = np.where(raised, way, self.direction)
            self.onset = np.where(raised, self.since[way], self.onset)
            self.chart.raised[:, place] |= raised
            self.began = np.where(raised, place, self.began)
            self._mark(raised, self.onset, place)
        change, error = self._changed(self.onset, place, unit, base)
        is_open = self.direction != 0
        self.chart.change[:, place] = np.where(is_open, change, np.nan)
        self.chart.change_error[:, place] = np.where(is_open, error, np.nan)

    def _settle(self, place: int) -> None:
        settled = (self.direction != 0) & (place - self.began + 1 >= self.terms.rhythm.settled)
        self.chart.settled[:, place] = settled
        for is_long, begin in self.begin.items():
            self.begin[is_long] = np.where(settled & (self.is_long >= is_long), self.onset, begin)
        self._unmark(settled, self.onset, place)
        self._clear(settled)

    def _mark(self, which: Flags, start: Places, place: int) -> None:
        """What was strange to the short history alone may be what the long one knows as a season."""
        those = which[:, None] & (np.arange(place + 1) >= start[:, None])
        for is_long, strange in self.strange.items():
            strange[:, : place + 1] |= those & (self.is_long >= is_long)[:, None]

    def _unmark(self, which: Flags, start: Places, place: int) -> None:
        those = which[:, None] & (np.arange(place + 1) >= start[:, None])
        for strange in self.strange.values():
            strange[:, : place + 1] &= ~those

    def _clear(self, which: Flags) -> None:
        self.direction = np.where(which, 0, self.direction)
        self.back = np.where(which, 0.0, self.back)
        for way in self.sums:
            self.sums[way] = np.where(which, 0.0, self.sums[way])

    def _changed(self, since: Places, place: int, unit: Numbers, base: Numbers) -> tuple[Numbers, Numbers]:
        """The mean of what differs since then, and its standard error."""
        within = np.arange(place + 1) >= since[:, None]
        weight = self.n[:, : place + 1] * within
        total = np.maximum(weight.sum(axis=1), 1.0)
        mean = (weight * self.residual[:, : place + 1]).sum(axis=1) / total
        return mean, np.sqrt(unit * (1 / total + base))

    def _expect(self, place: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """What is expected; the part of its error that the history has, and the variance of one answer; the mean of
        1 / n. Not a number where there is too little history."""
        rhythm = self.terms.rhythm
        upto = max(place - rhythm.guard, 0)
        found = self._fit(place, upto, max(upto - rhythm.window, 0), is_long=False)
        if upto >= rhythm.two_years:
            self.is_long = self.begin[True] <= upto - rhythm.two_years
            longer = self._fit(place, upto, max(upto - rhythm.longest, 0), is_long=True)
            found = tuple(np.where(self.is_long, more, less) for more, less in zip(longer, found, strict=True))
        return found[0], found[1], found[2], found[3]

    def _fit(self, place: int, upto: int, start: int, *, is_long: bool) -> tuple[Numbers, ...]:
        runs, rows = len(self.n), slice(start, upto)
        design = self.design[is_long][rows]
        size = design.shape[1]
        is_after = np.arange(start, upto) >= self.begin[is_long][:, None]
        known = ~self.strange[is_long][:, rows] & self.usable[:, rows] & is_after
        count = known.sum(axis=1)
        is_enough = count >= max(self.terms.rhythm.least, size + 2)
        if not is_enough.any():
            return tuple(np.full(runs, np.nan) if index == 0 else np.ones(runs) for index in range(4))
        weight = np.where(known, self.n[:, rows], 0.0)
        products = (design[:, :, None] * design[:, None, :]).reshape(upto - start, -1)
        matrix = (weight @ products).reshape(runs, size, size)
        # A weekday on which nothing ever came is told apart by nothing: all errors are possible then.
        matrix += np.eye(size) * 1e-6
        values = self.value[:, rows]
        factors = np.linalg.solve(matrix, ((weight * values) @ design)[:, :, None])[:, :, 0]
        here = self.design[is_long][place]
        base = np.linalg.solve(matrix, np.broadcast_to(here[:, None], (runs, size, 1)))[:, :, 0] @ here
        total = np.maximum(weight.sum(axis=1), 1.0)
        unit = np.maximum((weight * self.variance[:, rows]).sum(axis=1) / total, 1e-12)
        counted = self.usable[:, rows] & is_after
        residual = (values - factors @ design.T) * np.sqrt(self.n[:, rows] / unit[:, None])
        squares = np.where(counted, np.clip(residual, -_MOST_RESIDUAL, _MOST_RESIDUAL) ** 2, 0.0)
        spread = squares.sum(axis=1) / np.maximum(counted.sum(axis=1) - size, 1)
        level = (known / np.maximum(self.n[:, rows], 1.0)).sum(axis=1) / np.maximum(count, 1)
        expected = np.where(is_enough, factors @ here, np.nan)
        return expected, base, unit * np.maximum(spread, 1.0), np.maximum(level, 1e-12)


def _design(day: Numbers, rhythm: Rhythm, *, is_long: bool) -> Numbers:
    return np.stack(list(_columns(day, rhythm, is_long)), axis=1)


def _columns(day: Numbers, rhythm: Rhythm, is_long: bool) -> Iterator[Numbers]:
    yield np.ones(len(day))
    if rhythm.days == 1:
        for weekday in range(1, 7):
            yield (day % 7 == weekday).astype(float)
    if is_long:
        years = (day - day[0]) / DAYS_IN_YEAR
        yield years
        yield np.sin(2 * np.pi * years)
        yield np.cos(2 * np.pi * years)
