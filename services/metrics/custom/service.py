"""Keeping custom metrics, and answering by them from the answers to their parts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.metrics.custom import expressions
from services.metrics.custom.models import CustomMetric
from services.metrics.custom.schemas import CustomAnswer, CustomMetricPatch, CustomPoint, NewCustomMetric, PartOut
from services.metrics.scores import service as scores
from services.metrics.scores.catalogue import CATALOGUE
from services.metrics.scores.schemas import MetricAnswer, Score, SeriesScore
from services.metrics.scores.selection import Selection
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.statistics import shown
from shared.work import Work

MOST = 100
# What the answers to all parts have in common.
_SHARED = ("time_zone", "from_", "to", "by", "dimension", "dimensions", "period")
# What is found below /v1/metrics besides metrics.
_TAKEN = frozenset({"privacy", "verification", "rebuild", *CATALOGUE})


async def create(work: Work, new: NewCustomMetric) -> CustomMetric:
    expressions.check(new.expression)
    present = [each.name for each in await all_of(work)]
    if new.name in _TAKEN or new.name in present:
        raise Unacceptable.field("/name", "name_taken", f"There is a metric `{new.name}` already.")
    if len(present) >= MOST:
        raise Unacceptable.field("/name", "too_many", f"An account has at most {MOST} metrics of its own.")
    stamps = {"created_at": work.now, "updated_at": work.now}
    made = CustomMetric(
        account_id=work.account_id, id=new_id(), formula_version=1, version=1, **new.model_dump(), **stamps
    )
    work.session.add(made)
    await work.session.flush()
    return made


async def find(work: Work, metric_id: UUID, *, to_change: bool = False) -> CustomMetric:
    found = await work.session.get(CustomMetric, (work.account_id, metric_id), with_for_update=to_change)
    if found is None:
        raise NotFound
    return found


async def edit(work: Work, metric_id: UUID, patch: CustomMetricPatch, expected: int | None) -> CustomMetric:
    found = await find(work, metric_id, to_change=True)
    check_match(expected, found.version)
    sent = {name: value for name, value in patch.model_dump(exclude_unset=True).items() if value is not None}
    values: dict[str, Any] = differing(found, sent)
    if "expression" in values:
        expressions.check(values["expression"])
        values["formula_version"] = found.formula_version + 1
    if values:
        change(work, found, values)
    return found


async def delete(work: Work, metric_id: UUID) -> None:
    await work.session.delete(await find(work, metric_id, to_change=True))


async def all_of(work: Work) -> Sequence[CustomMetric]:
    mine = select(CustomMetric).where(CustomMetric.account_id == work.account_id).order_by(CustomMetric.name)
    return (await work.session.scalars(mine)).all()


async def named(work: Work, name: str) -> CustomMetric | None:
    mine = (CustomMetric.account_id == work.account_id, CustomMetric.name == name)
    return await work.session.scalar(select(CustomMetric).where(*mine))


async def answer(work: Work, metric: CustomMetric, selection: Selection, **terms: Any) -> CustomAnswer:
    """`terms` as those of `scores.answer`, which is asked for each part. A part that cannot be told apart or filtered
    by what is asked for raises `Unacceptable`."""
    parts = {
        name: await scores.answer(work, CATALOGUE[name], selection, **terms)
        for name in expressions.parts_of(metric.expression)
    }
    one = next(iter(parts.values()))
    marks = [part.watermark for part in parts.values()]
    return CustomAnswer.model_construct(
        None,
        metric=metric.name,
        unit=metric.unit,
        formula=metric.expression,
        formula_version=metric.formula_version,
        **{
            name: getattr(one, name) for name in ("time_zone", "from_", "to", "by", "dimension", "dimensions", "period")
        },
        watermark=min((mark for mark in marks if mark is not None), default=None),
        rows=[part.rows for part in parts.values()],
        series=_series(metric, parts),
        **_score(metric, parts),
    )


def _series(metric: CustomMetric, parts: Mapping[str, MetricAnswer]) -> list[CustomPoint]:
    """Where all parts have a point: a group that one of them knows nothing of has no number."""
    points = {name: {(each.from_, tuple(each.groups)): each for each in part.series} for name, part in parts.items()}
    first = next(iter(points.values()))
    return [
        CustomPoint.model_construct(
            None,
            from_=point.from_,
            to=point.to,
            group=point.group,
            label=point.label,
            groups=point.groups,
            labels=point.labels,
            **_score(metric, {name: known[place] for name, known in points.items()}),
        )
        for place, point in first.items()
        if all(place in known for known in points.values())
    ]


def _score(metric: CustomMetric, parts: Mapping[str, Score | SeriesScore]) -> dict[str, Any]:
    value = expressions.value_of(metric.expression, {name: part.value for name, part in parts.items()})
    names = ("value", "n", "interval", "withheld")
    return {
        "value": None if value is None else shown(value),
        "insufficient": any(part.insufficient for part in parts.values()),
        "parts": [
            PartOut.model_construct(None, metric=name, **{each: getattr(part, each) for each in names})
            for name, part in parts.items()
        ],
    }
