"""Periods in, judgements out: between plain values and the arrays of `limits`. Needs numpy, so import it late."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from services.metrics.alerts.limits import Chart, Numbers, Series, judge
from services.metrics.alerts.terms import Finding, Judged, Line, Point, Terms


def lines_of(streams: Mapping[str | None, Sequence[Point]], terms: Terms) -> list[Line]:
    """Each stream, all of the same periods. The budget is shared out evenly among them. Empty if nothing ever came."""
    periods = list(zip(*streams.values(), strict=True))
    first = next((place for place, points in enumerate(periods) if any(point.n for point in points)), len(periods))
    begun = {group: list(points[first:]) for group, points in streams.items()}
    if first == len(periods):
        return []
    day = np.array([point.start.toordinal() for point in next(iter(begun.values()))], dtype=np.float64)
    table = np.array([[_row(point) for point in points] for points in begun.values()])
    series = Series(value=table[..., 0], error=table[..., 1], n=table[..., 2], day=day)
    chart = judge(series, replace(terms, streams=len(begun)))
    return [_line(chart, run, group, points) for run, (group, points) in enumerate(begun.items())]


def _row(point: Point) -> tuple[float, float, float]:
    if point.value is None or point.error is None:
        return 0.0, 0.0, 0.0
    return point.value, point.error, float(point.n)


def _line(chart: Chart, run: int, group: str | None, points: Sequence[Point]) -> Line:
    judged = [
        Judged(
            point,
            expected=_known(chart.expected, run, place),
            low=_known(chart.low, run, place),
            high=_known(chart.high, run, place),
            direction=int(chart.direction[run, place]),
        )
        for place, point in enumerate(points)
    ]
    finding = None
    if direction := int(chart.direction[run, -1]):
        onset = points[int(chart.onset[run, -1])].start
        finding = Finding(direction, onset, float(chart.change[run, -1]), float(chart.change_error[run, -1]))
    return Line(group, judged, finding, settled=bool(chart.settled[run, -1]))


def _known(numbers: Numbers, run: int, place: int) -> float | None:
    number = float(numbers[run, place])
    return number if np.isfinite(number) else None
