"""Answering questions about scores and tickets: the one way from what was counted to an answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from services.metrics.comparisons.against import Against
from services.metrics.comparisons.answers import Other, judge_together, rows_of
from services.metrics.comparisons.significance import Change
from services.metrics.privacy.veil import Veil
from services.metrics.privacy.withholding import Reason, splits, withheld, withheld_of_table
from services.metrics.rollups.models import EXCLUSIONS
from services.metrics.scores import queries
from services.metrics.scores import schemas as s
from services.metrics.scores.catalogue import AnyMetric, Metric
from services.metrics.scores.counted import Counted, Group, Place
from services.metrics.scores.histograms import Tally
from services.metrics.scores.selection import Axis, By, Period, Selection
from services.metrics.tickets import answers as tickets
from services.metrics.worth import answers as worth
from services.metrics.worth.catalogue import WorthMetric
from shared.http.errors import Unacceptable
from shared.http.schemas import built
from shared.statistics import LEVEL, shown
from shared.work import Work

T = TypeVar("T")

# Fewer answers than this are shown, but nothing should be concluded from them.
ENOUGH = 30
MOST_POINTS = 10_000


async def answer(
    work: Work,
    metric: AnyMetric,
    selection: Selection,
    *,
    axes: Sequence[Axis] = (),
    period: Period = Period.TOTAL,
    against: Against | None = None,
    minimum: int = 0,
) -> s.MetricAnswer:
    """The metric over the window, and by period and group. Raises `Unacceptable` for a series nobody could read.

    `minimum`: scores of fewer answers are kept back, see `Privacy`.
    """
    _check_terms(metric, selection, axes)
    counted = await _counted(work, metric, selection, axes=axes, period=period)
    other = None
    if against is not None:
        check_filters(metric, against.selection)
        told = await _counted(work, metric, against.selection, axes=axes, period=Period.TOTAL)
        other = Other(against, metric.name, told, await _veil(work, metric, against.selection, told, minimum))
    veil = await _veil(work, metric, selection, counted, minimum)
    series: list[s.SeriesScore] = []
    if axes:
        groups = _groups([*counted.found, *(other.told.found if other is not None and period is Period.TOTAL else ())])
        series = _series(counted, other, veil, selection, period, groups, await _labels(work, axes, groups))
    elif period is not Period.TOTAL:
        series = _series(counted, other, veil, selection, period, [()], [])
    return s.MetricAnswer(
        metric=metric.name,
        unit=metric.unit,
        formula_version=metric.version,
        time_zone=selection.calendar.time_zone,
        from_=selection.start,
        to=selection.end,
        by=next((axis for axis in axes if isinstance(axis, By)), None),
        dimension=next((axis for axis in axes if not isinstance(axis, By)), None),
        dimensions=[str(axis) for axis in axes],
        period=period,
        watermark=counted.watermark,
        assumptions=list(counted.assumptions),
        rows=rows_of(metric.name, selection),
        series=series,
        **_with(other, veil, counted, counted.total, None if other is None else other.told.total),
    )


def _series(
    counted: Counted[T],
    other: Other[T] | None,
    veil: Veil,
    selection: Selection,
    period: Period,
    groups: Sequence[Group],
    labels: Sequence[Mapping[Any, str]],
) -> list[s.SeriesScore]:
    periods = selection.periods(period)
    if len(groups) * len(periods) > MOST_POINTS:
        detail = f"{len(groups)} groups in {len(periods)} periods; filter, or choose a longer interval."
        raise Unacceptable.field("query:by", "too_many_groups", detail)
    named = [[None if value is None else str(value) for value in group] for group in groups]
    words = [[known.get(value) for known, value in zip(labels, group, strict=True)] for group in groups]
    series = []
    for start, end in periods:
        for group, names, texts in zip(groups, named, words, strict=True):
            place = None if period is Period.TOTAL else start, group
            tally = counted.found.get(place) or counted.blank()
            counterpart = None
            if other is not None and period is Period.TOTAL:
                counterpart = other.told.found.get(place) or other.told.blank()
            series.append(
                built(
                    s.SeriesScore,
                    from_=start,
                    to=end,
                    group=names[0] if names else None,
                    label=texts[0] if texts else None,
                    groups=names,
                    labels=texts,
                    **_with(other, veil, counted, tally, counterpart, place),
                )
            )
    judge_together([point.comparison for point in series if point.comparison is not None])
    return series


def _with(
    other: Other[T] | None, veil: Veil, counted: Counted[T], this: T, counterpart: T | None, place: Place | None = None
) -> dict[str, Any]:
    """The fields of `Score`."""
    fields = veil.over(counted.fields(this), place)
    if other is not None and counterpart is not None:
        hidden = fields["withheld"] is not None
        fields["comparison"] = other.compared(counted, this, counterpart, place, hidden)
    return fields


async def _veil(work: Work, metric: AnyMetric, selection: Selection, counted: Counted[Any], minimum: int) -> Veil:
    """Over what customers said; what people did about it is theirs to answer for."""
    if not minimum or not isinstance(metric, Metric):
        return Veil()
    if 0 < counted.size(counted.total) < minimum:
        return Veil(Reason.TOO_FEW)
    for by, values in selection.filters.items():
        others = {each: chosen for each, chosen in selection.filters.items() if each is not by}
        wider = replace(selection, filters=others)
        found = await queries.tallies(work, wider, metric.scheme, axes=[by], period=Period.TOTAL)
        if splits(withheld({group: tally.histogram.n for (_, (group,)), tally in found.items()}, minimum), values):
            return Veil(Reason.DIFFERENCING)
    sizes = {(start, *group): counted.size(each) for (start, group), each in counted.found.items()}
    kept_back = withheld_of_table(sizes, minimum)
    return Veil(None, {(start, tuple(group)): reason for (start, *group), reason in kept_back.items()})


def check_filters(metric: AnyMetric, selection: Selection) -> None:
    """Raises `Unacceptable` for one that the metric's rows know nothing of."""
    for by in selection.filters:
        if by not in metric.dimensions:
            raise _foreign(metric, f"query:filter[{by.value}]")


def _check_terms(metric: AnyMetric, selection: Selection, axes: Sequence[Axis]) -> None:
    check_filters(metric, selection)
    for axis in axes:
        if isinstance(axis, By) and axis not in metric.dimensions:
            raise _foreign(metric, "query:by")
        if not isinstance(axis, By) and not isinstance(metric, Metric):
            raise _foreign(metric, "query:dimension")


def _foreign(metric: AnyMetric, pointer: str) -> Unacceptable:
    known = ", ".join(by.value for by in metric.dimensions) or "nothing"
    return Unacceptable.field(pointer, "unknown_dimension", f"`{metric.name}` can be told apart by {known}.")


async def _counted(
    work: Work,
    metric: AnyMetric,
    selection: Selection,
    *,
    axes: Sequence[Axis],
    period: Period,
) -> Counted[Any]:
    if isinstance(metric, WorthMetric):
        return await worth.counted(work, metric, selection, axes=axes, period=period)
    if not isinstance(metric, Metric):
        return await tickets.counted(work, metric, selection, axes=axes, period=period)
    found = await queries.tallies(work, selection, metric.scheme, axes=axes, period=period)
    total = Tally()
    for tally in found.values():
        total.merge(tally)
    return Counted(
        found,
        total,
        blank=Tally,
        fields=partial(_score, metric),
        change=partial(_change, metric),
        size=lambda tally: tally.histogram.n,
        watermark=await queries.watermark(work),
    )


def _groups(found: Iterable[Place]) -> list[Group]:
    """Those that occur, by name, what has no such value last."""
    return sorted({group for _, group in found}, key=lambda group: [(value is None, str(value)) for value in group])


async def _labels(work: Work, axes: Sequence[Axis], groups: Sequence[Group]) -> list[Mapping[Any, str]]:
    """For each axis its values in words."""
    labels: list[Mapping[Any, str]] = []
    for place, axis in enumerate(axes):
        present = {group[place] for group in groups} - {None}
        named = await queries.survey_names(work, present) if axis is By.SURVEY else None
        labels.append({value: str(value) for value in present} if named is None else named)
    return labels


def _change(metric: Metric, this: Tally, other: Tally) -> Change | None:
    return metric.change(this.histogram, other.histogram)


def _score(metric: Metric, tally: Tally) -> dict[str, Any]:
    """The fields of `Score`."""
    histogram = tally.histogram
    scales = histogram.scales()
    bands = metric.bands(histogram)
    n = bands.n
    estimate = metric.estimate(histogram)
    interval = scale = None
    if estimate is not None:
        low, high = shown(estimate.low), shown(estimate.high)
        interval = built(s.ConfidenceInterval, low=low, high=high, level=LEVEL)
        scale = built(s.ScaleOut, minimum=estimate.scale.minimum, maximum=estimate.scale.maximum)
    return {
        "value": None if estimate is None else shown(estimate.value),
        "money": None,
        "n": n,
        "interval": interval,
        "scale": scale,
        "bands": built(s.BandCounts, negative=bands.negative, neutral=bands.neutral, positive=bands.positive),
        "distribution": [
            built(s.Distribution, minimum=used.minimum, maximum=used.maximum, counts=histogram.counts[used])
            for used in scales
        ],
        "durations": None,
        "excluded": built(s.Excluded, **dict(zip(EXCLUSIONS, tally.excluded.values(), strict=True))),
        "insufficient": n < ENOUGH,
        "withheld": None,
        "comparison": None,
    }
