"""A metric before and after an improvement."""

from datetime import UTC, date, timedelta
from typing import Any
from uuid import UUID

from services.metrics.improvements.models import Improvement
from services.metrics.improvements.schemas import EffectOut, Side
from services.metrics.scores import service as scores
from services.metrics.scores.catalogue import AnyMetric, metric
from services.metrics.scores.schemas import ConfidenceInterval, MetricAnswer
from services.metrics.scores.selection import Period, Selection
from shared.http.errors import NotFound, Unacceptable
from shared.statistics import LEVEL, difference_bounds, shown
from shared.work import Work

_DAY = timedelta(days=1)


class NotShipped(NotFound):
    """There is no such improvement, or it is not shipped yet."""


async def effect(work: Work, improvement_id: UUID, name: str | None, days: int) -> EffectOut:
    """Raises `NotShipped`, or `Unacceptable` where nobody said which metric."""
    improvement = await work.session.get(Improvement, (work.account_id, improvement_id))
    if improvement is None:
        raise NotShipped
    if (name or improvement.metric) is None:
        detail = "No effect on a metric was expected of it; say which one you want to see."
        raise Unacceptable.field("query:metric", "required", detail)
    measured = metric(name or improvement.metric or "")
    shipped_on = improvement.shipped_at.astimezone(UTC).date()
    before = await _side(work, measured, shipped_on - days * _DAY, shipped_on)
    after = await _side(work, measured, shipped_on + _DAY, shipped_on + (days + 1) * _DAY)
    is_expected = measured.name == improvement.metric
    return EffectOut(
        improvement_id=improvement_id,
        metric=measured.name,
        unit=measured.unit,
        formula_version=measured.version,
        time_zone="UTC",
        shipped_at=improvement.shipped_at,
        before=_shown(before),
        after=_shown(after),
        **_difference(before, after),
        expected_change=improvement.expected_change if is_expected else None,
        complete=work.now.astimezone(UTC).date() >= after.to,
    )


async def _side(work: Work, measured: AnyMetric, start: date, end: date) -> MetricAnswer:
    return await scores.answer(work, measured, Selection(start, end, {}), by=None, dimension=None, period=Period.TOTAL)


def _shown(answer: MetricAnswer) -> Side:
    return Side.model_construct(**{name: getattr(answer, name) for name in Side.model_fields})


def _difference(before: MetricAnswer, after: MetricAnswer) -> dict[str, Any]:
    if before.value is None or after.value is None or before.interval is None or after.interval is None:
        return dict.fromkeys(("difference", "interval", "more_than_noise"))
    low, high = difference_bounds(
        (before.interval.low, before.value, before.interval.high),
        (after.interval.low, after.value, after.interval.high),
    )
    return {
        "difference": shown(after.value - before.value),
        "interval": ConfidenceInterval(low=shown(low), high=shown(high), level=LEVEL),
        "more_than_noise": not low <= 0 <= high,
    }
