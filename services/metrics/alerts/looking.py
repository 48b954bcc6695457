"""Looking at what an account watches, after each day or week that is over."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.metrics.alerts import alarms, watches
from services.metrics.alerts.causes import Cause, Part, parts_of_change, telling
from services.metrics.alerts.models import Alarm, Watch
from services.metrics.alerts.schemas import NewWatch
from services.metrics.alerts.terms import DAYS, WEEKS, Finding, Line, Point, Terms
from services.metrics.comparisons.against import Against, Comparison
from services.metrics.privacy import policy
from services.metrics.scores import schemas as s
from services.metrics.scores import service as scores
from services.metrics.scores.catalogue import CATALOGUE, AnyMetric, Metric
from services.metrics.scores.days import Calendar, calendar_of
from services.metrics.scores.selection import By, Period, Selection
from services.metrics.tickets.catalogue import Shape
from services.metrics.worth.catalogue import WorthMetric
from shared.bus.subscriptions import Timer
from shared.http.errors import Unacceptable
from shared.statistics import Z
from shared.statistics import shown as rounded
from shared.work import Work

# Answers of the evening come in for a while.
GRACE: Final = timedelta(hours=2)
BEFORE: Final = timedelta(weeks=8)
WAYS: Final[Mapping[str, tuple[int, ...]]] = {"up": (1,), "down": (-1,), "both": (1, -1)}


@dataclass(frozen=True, slots=True)
class Look:
    """What is watched, in which window, and how it came out."""

    wanted: NewWatch
    metric: AnyMetric
    window: Selection
    lines: Sequence[Line]

    def found(self, direction: int) -> list[tuple[Line, Finding]]:
        """What moves this way, what differs most first."""
        moved = [(line, line.finding) for line in self.lines if line.finding and line.finding.direction == direction]
        return sorted(moved, key=lambda each: abs(each[1].change) / each[1].error, reverse=True)


async def look(work: Work, timer: Timer) -> None:
    """The timer's handler; sets the next one."""
    watch = await work.session.get(Watch, UUID(timer.key), with_for_update=True)
    if watch is None:
        return
    calendar = await calendar_of(work)
    wanted = NewWatch.model_validate(watch.document)
    end = closed_by(work.now, calendar, wanted)
    try:
        seen = await look_at(work, wanted, calendar, end)
    except Unacceptable as problem:
        watch.state, watch.problem = "impossible", problem.errors[0].detail if problem.errors else problem.detail
    else:
        await _tell(work, watch, seen)
        watch.problem = None
        is_open = any(seen.found(direction) for direction in WAYS["both"])
        is_learning = all(line.is_learning for line in seen.lines)
        watch.state = "alarm" if is_open else "learning" if is_learning else "watching"
    watch.looked_at, watch.looked_to = work.now, end
    await work.session.flush()
    days = timedelta(days=1 if wanted.every == "day" else 7)
    await work.schedule(watches.LOOK, key=timer.key, due_at=calendar.begin(end + days) + GRACE)


def closed_by(now: datetime, calendar: Calendar, wanted: NewWatch) -> date:
    """The first day after the last period that is over."""
    today = calendar.today(now - GRACE)
    return today if wanted.every == "day" else today - timedelta(days=today.weekday())


async def look_at(work: Work, wanted: NewWatch, calendar: Calendar, end: date, *, minimum: int = 0) -> Look:
    """Raises `Unacceptable` if there are too many groups. `minimum` as that of `scores.answer`."""
    rhythm = DAYS if wanted.every == "day" else WEEKS
    metric = CATALOGUE[wanted.metric]
    filters = watches.values_of(wanted.filter, metric)
    window = Selection(end - timedelta(days=rhythm.days * rhythm.kept), end, filters, calendar)
    axes = [] if wanted.by is None else [wanted.by]
    period = Period.DAY if wanted.every == "day" else Period.WEEK
    answer = await scores.answer(work, metric, window, axes=axes, period=period, minimum=minimum)
    streams: dict[str | None, list[Point]] = {}
    for each in answer.series:
        # What has no such value could not be filtered for.
        if not axes or each.group is not None:
            streams.setdefault(each.group, []).append(_point(each))
    terms = Terms(
        wanted.minimum_effect, wanted.minimum_n, wanted.alarms_per_month, WAYS[wanted.direction], rhythm, len(streams)
    )
    lines = await asyncio.to_thread(_judge, streams, terms) if streams else []
    return Look(wanted, metric, window, lines)


def _judge(streams: Mapping[str | None, Sequence[Point]], terms: Terms) -> list[Line]:
    from services.metrics.alerts.charts import lines_of

    return lines_of(streams, terms)


def _point(score: s.SeriesScore) -> Point:
    error = None if score.interval is None else (score.interval.high - score.interval.low) / (2 * Z)
    return Point(score.from_, score.to, score.value, error, score.n)


async def _tell(work: Work, watch: Watch, seen: Look) -> None:
    await alarms.hold(work)
    known = await alarms.open_of(work, watch)
    for direction in WAYS["both"]:
        alarm, moved = known.get(direction), seen.found(direction)
        if moved:
            await _raise_or_refresh(work, watch, seen, alarm, moved)
        elif alarm is not None:
            settled = any(line.settled for line in seen.lines)
            alarms.close(work, watch, alarm, "usual_now" if settled else "over")


async def _raise_or_refresh(
    work: Work, watch: Watch, seen: Look, alarm: Alarm | None, moved: Sequence[tuple[Line, Finding]]
) -> None:
    (line, finding), by = moved[0], seen.wanted.by
    filters: dict[str, list[str]] = {each.value: values for each, values in seen.wanted.filter.items()}
    if by is not None and line.group is not None:
        filters[by.value] = [line.group]
    if alarm is None and await alarms.is_told(work, seen.metric.name, finding.direction, filters):
        return
    typed = watches.values_of({By(name): values for name, values in filters.items()}, seen.metric)
    during = Selection(finding.onset, seen.window.end, typed, seen.window.calendar)
    minimum = (await policy.read(work))[0].minimum
    value = await scores.answer(work, seen.metric, during, minimum=minimum)
    margin = Z * finding.error
    values = {
        "filters": filters,
        "groups": [each.group for each, _ in moved if each.group is not None],
        "from_day": during.start,
        "to_day": during.end,
        "findings": {
            "value": value.value,
            "n": value.n,
            "expected": None if value.value is None else rounded(value.value - finding.change),
            "change": rounded(finding.change),
            "low": rounded(finding.change - margin),
            "high": rounded(finding.change + margin),
        },
        "causes": [alarms.kept(cause) for cause in await causes_of(work, seen.metric, during, minimum)],
    }
    if alarm is None:
        alarms.raise_alarm(work, watch, finding.direction, values)
    else:
        alarms.refresh(alarm, values)


async def causes_of(work: Work, metric: AnyMetric, during: Selection, minimum: int) -> list[Cause]:
    """Which groups explain the change since the weeks before; none for what is no mean, which has no parts."""
    if isinstance(metric, WorthMetric) or (not isinstance(metric, Metric) and metric.shape is not Shape.SHARE):
        return []
    before = Selection(during.start - BEFORE, during.start, during.filters, during.calendar)
    found: list[Cause] = []
    for by in metric.dimensions:
        if len(during.filters.get(by, ())) == 1:
            continue
        try:
            against = Against(Comparison.PREVIOUS, before)
            answer = await scores.answer(work, metric, during, axes=[by], against=against, minimum=minimum)
        except Unacceptable:
            # Too many different ones for any to explain much.
            continue
        parts = [_part(point) for point in answer.series]
        # Some are kept back, as too few, or on a scale of their own; then the others do not add up.
        is_whole = all(part.value is not None or not part.n for part in parts)
        is_whole &= all(part.value_before is not None or not part.n_before for part in parts)
        if is_whole and len({str(point.scale) for point in answer.series if point.scale is not None}) <= 1:
            found += parts_of_change(by.value, parts)
    return telling(found)


def _part(point: s.SeriesScore) -> Part:
    other: Any = point.comparison
    before = (0, None) if other is None else (other.n, other.value)
    return Part(point.group, point.n, point.value, *before)
