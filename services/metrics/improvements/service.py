"""A metric before and after an improvement."""

from datetime import timedelta
from uuid import UUID

from services.metrics.comparisons.against import Against, Comparison
from services.metrics.improvements.models import Improvement
from services.metrics.improvements.schemas import EffectOut, Side
from services.metrics.scores import service as scores
from services.metrics.scores.catalogue import metric
from services.metrics.scores.days import calendar_of
from services.metrics.scores.schemas import ComparisonOut, MetricAnswer
from services.metrics.scores.selection import Period, Selection
from shared.http.errors import NotFound, Unacceptable
from shared.work import Work

_DAY = timedelta(days=1)


class NotShipped(NotFound):
    """There is no such improvement, or it is not shipped yet."""


async def effect(work: Work, improvement_id: UUID, name: str | None, days: int, *, minimum: int) -> EffectOut:
    """Raises `NotShipped`, or `Unacceptable` where nobody said which metric."""
    improvement = await work.session.get(Improvement, (work.account_id, improvement_id))
    if improvement is None:
        raise NotShipped
    if (name or improvement.metric) is None:
        detail = "No effect on a metric was expected of it; say which one you want to see."
        raise Unacceptable.field("query:metric", "required", detail)
    measured = metric(name or improvement.metric or "")
    calendar = await calendar_of(work)
    shipped_on = calendar.today(improvement.shipped_at)
    before = Selection(shipped_on - days * _DAY, shipped_on, {}, calendar)
    after = Selection(shipped_on + _DAY, shipped_on + (days + 1) * _DAY, {}, calendar)
    told = await scores.answer(
        work,
        measured,
        after,
        period=Period.TOTAL,
        against=Against(Comparison.PREVIOUS, before),
        minimum=minimum,
    )
    assert told.comparison is not None
    is_expected = measured.name == improvement.metric
    return EffectOut(
        improvement_id=improvement_id,
        metric=measured.name,
        unit=measured.unit,
        formula_version=measured.version,
        time_zone=calendar.time_zone,
        shipped_at=improvement.shipped_at,
        before=_side(told.comparison),
        after=_side(told),
        difference=told.comparison.change,
        interval=told.comparison.change_interval,
        test=told.comparison.test,
        more_than_noise=told.comparison.significant,
        expected_change=improvement.expected_change if is_expected else None,
        complete=calendar.today(work.now) >= after.end,
    )


def _side(told: MetricAnswer | ComparisonOut) -> Side:
    return Side.model_construct(None, **{name: getattr(told, name) for name in Side.model_fields})
