"""Answering questions about scores."""

from collections.abc import Mapping
from typing import Any

from services.metrics.scores import queries
from services.metrics.scores import schemas as s
from services.metrics.scores.catalogue import Metric
from services.metrics.scores.histograms import Tally
from services.metrics.scores.queries import Place
from services.metrics.scores.selection import TIME_ZONE, By, Period, Selection
from shared.http.errors import Unacceptable
from shared.statistics import LEVEL, shown
from shared.work import Work

# Fewer answers than this are shown, but nothing should be concluded from them.
ENOUGH = 30
MOST_POINTS = 10_000


async def answer(
    work: Work, metric: Metric, selection: Selection, *, by: By | None, dimension: str | None, period: Period
) -> s.MetricAnswer:
    """The metric over the window, and by period and group. Raises `Unacceptable` for a series nobody could read."""
    if by is not None and dimension is not None:
        detail = "Answers are told apart by one thing at a time: leave out `by` or `dimension`."
        raise Unacceptable.field("query:dimension", "not_both", detail)
    periods = selection.periods(period)
    found = await queries.tallies(work, selection, metric.scheme, by=by, dimension=dimension, period=period)
    grouped = by is not None or dimension is not None
    total = Tally()
    for tally in found.values():
        total.merge(tally)
    groups = _groups(found) if grouped else [None]
    if len(groups) * len(periods) > MOST_POINTS:
        detail = f"{len(groups)} groups in {len(periods)} periods; filter, or choose a longer interval."
        raise Unacceptable.field("query:by", "too_many_groups", detail)
    labels = await _labels(work, by, groups)
    series = []
    if grouped or period is not Period.TOTAL:
        for start, end in periods:
            for group in groups:
                tally = found.get((None if period is Period.TOTAL else start, group)) or Tally()
                name = None if group is None else str(group)
                point = s.SeriesScore.model_construct(
                    from_=start, to=end, group=name, label=labels.get(group), **_score(metric, tally)
                )
                series.append(point)
    return s.MetricAnswer(
        metric=metric.name,
        unit=metric.unit,
        formula_version=metric.version,
        time_zone=TIME_ZONE,
        from_=selection.start,
        to=selection.end,
        by=by,
        dimension=dimension,
        period=period,
        watermark=await queries.watermark(work),
        series=series,
        **_score(metric, total),
    )


def _groups(found: Mapping[Place, Tally]) -> list[Any]:
    """Those that occur, by name, feedback without a value last."""
    return sorted({group for _, group in found}, key=lambda group: (group is None, str(group)))


async def _labels(work: Work, by: By | None, groups: list[Any]) -> Mapping[Any, str]:
    present = [group for group in groups if group is not None]
    if by is By.SURVEY:
        return await queries.survey_names(work, present)
    return {group: group for group in present}


def _score(metric: Metric, tally: Tally) -> dict[str, Any]:
    """The fields of `Score`. Made without validation: a series has hundreds, and nothing in them comes from outside."""
    histogram = tally.histogram
    estimate, bands = metric.of(histogram)
    interval = scale = None
    if estimate is not None:
        low, high = shown(estimate.low), shown(estimate.high)
        interval = s.ConfidenceInterval.model_construct(low=low, high=high, level=LEVEL)
        scale = s.ScaleOut.model_construct(minimum=estimate.scale.minimum, maximum=estimate.scale.maximum)
    distribution = [
        s.Distribution.model_construct(minimum=used.minimum, maximum=used.maximum, counts=histogram.counts[used])
        for used in histogram.scales()
    ]
    return {
        "value": None if estimate is None else shown(estimate.value),
        "n": histogram.n,
        "interval": interval,
        "scale": scale,
        "bands": s.BandCounts.model_construct(negative=bands.negative, neutral=bands.neutral, positive=bands.positive),
        "distribution": distribution,
        "excluded": s.Excluded.model_construct(None, **{reason.value: n for reason, n in tally.excluded.items()}),
        "insufficient": histogram.n < ENOUGH,
    }
