"""From how tickets came out to what an answer says of them."""

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from services.metrics.comparisons import significance
from services.metrics.comparisons.significance import Change
from services.metrics.episodes import queries as episodes
from services.metrics.episodes.catalogue import EpisodeMetric
from services.metrics.scores import schemas as s
from services.metrics.scores.counted import Counted
from services.metrics.scores.durations import Durations, Measured
from services.metrics.scores.formulas import Bands, share_of_positive
from services.metrics.scores.selection import Axis, Period, Selection
from services.metrics.tickets import queries
from services.metrics.tickets.catalogue import Shape, TicketMetric
from services.metrics.tickets.queries import Outcomes
from shared.statistics import LEVEL, shown
from shared.work import Work

ENOUGH = 30
_PERCENTILES = {"p50": Fraction(50, 100), "p90": Fraction(90, 100), "p95": Fraction(95, 100)}


async def counted(
    work: Work, metric: TicketMetric | EpisodeMetric, selection: Selection, *, axes: Sequence[Axis], period: Period
) -> Counted[Outcomes]:
    if isinstance(metric, EpisodeMetric):
        found = await episodes.tallies(work, selection, metric, axes=axes, period=period)
        watermark = await episodes.watermark(work, metric)
    else:
        found = await queries.tallies(work, selection, metric, axes=axes, period=period)
        watermark = await queries.watermark(work)
    last = None if period is Period.TOTAL else selection.periods(period)[-1][0]
    total = Outcomes()
    for (start, _), outcomes in found.items():
        # What is there at a moment is there at the window's end, and not once for each period.
        if metric.shape is not Shape.STOCK or start == last:
            total.merge(outcomes)
    return Counted(
        found,
        total,
        blank=Outcomes,
        fields=partial(_fields, metric.shape),
        change=partial(_change, metric.shape),
        size=lambda outcomes: outcomes.n,
        watermark=watermark,
    )


def _fields(shape: Shape, outcomes: Outcomes) -> dict[str, Any]:
    """Those of `Score`."""
    n = outcomes.n
    fields: dict[str, Any] = {
        "value": None,
        "money": None,
        "n": n,
        "interval": None,
        "scale": None,
        "bands": None,
        "distribution": [],
        "durations": None,
        "excluded": s.ExcludedTickets.model_construct(
            None, **{reason.value: count for reason, count in outcomes.excluded.items()}
        ),
        "comparison": None,
        "withheld": None,
        "insufficient": n < ENOUGH and shape is not Shape.STOCK,
    }
    if shape is Shape.STOCK:
        return fields | {"value": float(n)}
    if shape is Shape.SHARE:
        bands = Bands(outcomes.bad, 0, outcomes.good)
        return (
            fields
            | {"bands": s.BandCounts(negative=bands.negative, neutral=0, positive=bands.positive)}
            | _share(bands)
        )
    return fields | (_durations(outcomes) if n else {})


def _change(shape: Shape, this: Outcomes, other: Outcomes) -> Change | None:
    match shape:
        case Shape.STOCK:
            return Change(Fraction(this.good - other.good), None, None)
        case Shape.SHARE:
            return significance.of_shares(Bands(this.bad, 0, this.good), Bands(other.bad, 0, other.good))
        case Shape.DURATION if this.good and other.good:
            return significance.of_medians(Durations(this.seconds), Durations(other.seconds))
    return None


def _share(bands: Bands) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "bands": s.BandCounts(negative=bands.negative, neutral=bands.neutral, positive=bands.positive)
    }
    estimate = share_of_positive(bands)
    if estimate is None:
        return counts
    return {
        **counts,
        "value": shown(estimate.value),
        "interval": _interval((estimate.low, estimate.high)),
        "scale": s.ScaleOut(minimum=estimate.scale.minimum, maximum=estimate.scale.maximum),
    }


def _durations(outcomes: Outcomes) -> dict[str, Any]:
    durations = Durations(outcomes.seconds)
    shares = {name: _measured(durations.percentile(share)) for name, share in _PERCENTILES.items()}
    spread = s.DurationsOut(mean=_measured(durations.mean()), **shares)
    return {"value": spread.p50.value, "interval": spread.p50.interval, "durations": spread}


def _measured(measured: Measured) -> s.MeasuredOut:
    interval = None if measured.interval is None else _interval(measured.interval)
    return s.MeasuredOut(value=shown(measured.value), interval=interval)


def _interval(bounds: tuple[float, float]) -> s.ConfidenceInterval:
    return s.ConfidenceInterval(low=shown(bounds[0]), high=shown(bounds[1]), level=LEVEL)
