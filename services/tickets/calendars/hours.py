"""Business hours as people write them down, and as a clock counts them.

Hours are times on the wall, durations are measured between instants. An interval opens, and closes, at the first
instant at which the wall shows that time or a later one. So what the spring skips begins when the gap is over, what the
autumn repeats begins the first time, every interval is one stretch, and intervals that touch on paper touch on the
clock.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, Protocol
from zoneinfo import ZoneInfo

# From when to when.
Opening = tuple[datetime, datetime]
# Minutes after midnight; the end of the day is 1,440.
Interval = tuple[int, int]
MIDNIGHT: Final = 1_440

Kind = Literal["open", "outside_hours", "holiday"]
_DAY: Final = timedelta(days=1)
_SECOND: Final = timedelta(seconds=1)
_NONE: Final = timedelta()


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` up to `end` the doors were open, or closed; `name` is that of the holiday or of the special day."""

    start: datetime
    end: datetime
    kind: Kind
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date on which the week does not hold. Without intervals it is a holiday."""

    name: str
    intervals: tuple[Interval, ...] = ()


class Hours(Protocol):
    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """What lies between two instants, in order and without gaps. Nothing if `end` is not after `start`."""

    def reached(self, start: datetime, amounts: Sequence[timedelta], furthest: datetime) -> list[datetime]:
        """When it has been open since `start` for each of the amounts, which are positive and rise: by the open ones
        of `spans`, found faster. What is not reached by `furthest` is put there."""


class AroundTheClock:
    """Always open."""

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        if start < end:
            yield Span(start, end, "open")

    def reached(self, start: datetime, amounts: Sequence[timedelta], furthest: datetime) -> list[datetime]:
        return [min(start + amount, furthest) for amount in amounts]


class BusinessHours:
    """`week`: the intervals of each day from Monday on, in order and apart. `special` says what else a date is.

    Days are worked out once and remembered: a version of a calendar never changes.
    """

    def __init__(
        self, zone: ZoneInfo, week: Sequence[Sequence[Interval]], special: Callable[[date], SpecialDay | None]
    ) -> None:
        self.zone, self._week, self._special = zone, week, special
        self._days: dict[date, tuple[Span, ...]] = {}
        self._open: dict[date, tuple[tuple[Opening, ...], timedelta]] = {}

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        day = start.astimezone(self.zone).date()
        while start < end:
            for span in self._day(day):
                if span.end <= start:
                    continue
                yield Span(start, min(span.end, end), span.kind, span.name)
                start = span.end
                if start >= end:
                    return
            day += _DAY

    def reached(self, start: datetime, amounts: Sequence[timedelta], furthest: datetime) -> list[datetime]:
        day, last = start.astimezone(self.zone).date(), furthest.astimezone(self.zone).date()
        found: list[datetime] = []
        # As if it had begun when the first day did, so that whole days can be counted as wholes.
        passed = -self._open_before(day, start)
        while day <= last and len(found) < len(amounts):
            openings, length = self._openings(day)
            while len(found) < len(amounts) and amounts[len(found)] <= passed + length:
                found.append(_at(openings, amounts[len(found)] - passed))
            passed += length
            day += _DAY
        return [min(at, furthest) for at in found] + [furthest] * (len(amounts) - len(found))

    def _open_before(self, day: date, end: datetime) -> timedelta:
        """For how long it has been open on that day, up to `end`."""
        return sum((min(closing, end) - opening for opening, closing in self._openings(day)[0] if opening < end), _NONE)

    def _openings(self, day: date) -> tuple[tuple[Opening, ...], timedelta]:
        known = self._open.get(day)
        if known is None:
            openings = tuple((span.start, span.end) for span in self._day(day) if span.kind == "open")
            length = sum((closing - opening for opening, closing in openings), _NONE)
            known = self._open[day] = openings, length
        return known

    def _day(self, day: date) -> tuple[Span, ...]:
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = tuple(self._worked_out(day))
        return known

    def _worked_out(self, day: date) -> Iterator[Span]:
        special = self._special(day)
        intervals = self._week[day.weekday()] if special is None else special.intervals
        closed: Kind = "holiday" if special is not None and not intervals else "outside_hours"
        name = special.name if special is not None else None
        at, end = first_instant(self.zone, day, 0), first_instant(self.zone, day, MIDNIGHT)
        for opens, closes in intervals:
            opening, closing = first_instant(self.zone, day, opens), first_instant(self.zone, day, closes)
            if opening >= closing:
                continue  # the gap of a spring night has swallowed it
            if at < opening:
                yield Span(at, opening, closed, name)
            yield Span(opening, closing, "open", name)
            at = closing
        if at < end:
            yield Span(at, end, closed, name)


def _at(openings: Sequence[Opening], amount: timedelta) -> datetime:
    """When these have been open for so long; they are, in all."""
    for opening, closing in openings:
        if amount <= closing - opening:
            return opening + amount
        amount -= closing - opening
    raise ValueError("they are not open for so long")


def first_instant(zone: ZoneInfo, day: date, minute: int) -> datetime:
    """When the wall clock first shows this minute of the day or, if it skips it, the first one after it; in UTC."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minute)
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    # Of a time that is repeated, fold 0 is the earlier one; of a time that is skipped, the later one (PEP 495).
    return first if first <= second else _end_of_gap(zone, second, first)


def _end_of_gap(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant at which the offset changes; it lies after `before`, and is `after` at the latest."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
