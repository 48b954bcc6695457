"""What an account watches."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select

from services.metrics.alerts import alarms
from services.metrics.alerts.models import Watch
from services.metrics.alerts.schemas import NewWatch, WatchOut
from services.metrics.comparisons.against import value_from
from services.metrics.scores.catalogue import CATALOGUE, AnyMetric, Metric
from services.metrics.scores.selection import By
from services.metrics.tickets.catalogue import Shape
from services.metrics.worth.catalogue import WorthMetric
from shared.editing import change
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

LOOK: Final = "alerts.look"
MOST: Final = 100


class UnknownWatch(NotFound):
    """There is no such alert."""


def listed(work: Work) -> Select[Any]:
    return select(Watch).where(Watch.account_id == work.account_id)


async def add(work: Work, wanted: NewWatch) -> Watch:
    """Looked at at once, and after each period from then on. Raises `Unacceptable`."""
    check(wanted)
    if len((await work.session.scalars(listed(work).limit(MOST))).all()) >= MOST:
        raise Unacceptable.field("", "too_many_alerts", f"There are {MOST} alerts already; delete one.")
    made = Watch(
        id=new_id(),
        account_id=work.account_id,
        document=wanted.model_dump(mode="json"),
        state="new",
        problem=None,
        looked_at=None,
        looked_to=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(made)
    await work.session.flush()
    await work.schedule(LOOK, key=str(made.id), due_at=work.now)
    return made


async def read(work: Work, watch_id: UUID) -> Watch:
    """Raises `UnknownWatch`."""
    return await _find(work, watch_id, to_change=False)


async def replace(work: Work, watch_id: UUID, wanted: NewWatch, *, expected: int | None) -> Watch:
    """Alarms that are open end if another question is asked. Raises `UnknownWatch`, `StaleVersion`, `Unacceptable`."""
    watch = await _find(work, watch_id, to_change=True)
    check_match(expected, watch.version)
    check(wanted)
    document = wanted.model_dump(mode="json")
    if document == watch.document:
        return watch
    names = {"name", "owner_id"}
    asks_otherwise = any(document[name] != watch.document.get(name) for name in document.keys() - names)
    change(work, watch, {"document": document})
    if asks_otherwise:
        await alarms.withdraw(work, watch)
        watch.state, watch.problem, watch.looked_at, watch.looked_to = "new", None, None, None
        await work.session.flush()
        await work.schedule(LOOK, key=str(watch.id), due_at=work.now)
    return watch


async def delete(work: Work, watch_id: UUID, *, expected: int | None) -> None:
    """Its alarms stay, closed. Raises `UnknownWatch` and `StaleVersion`."""
    watch = await _find(work, watch_id, to_change=True)
    check_match(expected, watch.version)
    await alarms.withdraw(work, watch)
    await work.cancel(LOOK, key=str(watch.id))
    await work.session.delete(watch)


def shown(watch: Watch) -> WatchOut:
    names = ("id", "state", "problem", "looked_at", "looked_to", "version", "created_at", "updated_at")
    return WatchOut.model_validate({**watch.document, **{name: getattr(watch, name) for name in names}})


def check(wanted: NewWatch) -> None:
    """Raises `Unacceptable` for what cannot be watched."""
    metric = measurable(wanted.metric)
    values_of(wanted.filter, metric)
    if wanted.by is not None:
        if wanted.every == "day":
            detail = "Groups are watched by the week; watch one by the day with a `filter`."
            raise Unacceptable.field("/by", "only_by_week", detail)
        _check_dimension(metric, wanted.by, "/by")


def measurable(name: str) -> AnyMetric:
    """The metric, if its periods are samples of their own. Raises `Unacceptable`."""
    metric = CATALOGUE.get(name)
    if metric is None:
        raise Unacceptable.field("/metric", "unknown_metric", f"There is no metric `{name}`: see GET /v1/metrics.")
    if isinstance(metric, WorthMetric) or (not isinstance(metric, Metric) and metric.shape is Shape.STOCK):
        detail = f"`{name}` is of the same customers or tickets period after period, so noise cannot be told from news."
        raise Unacceptable.field("/metric", "not_watchable", detail)
    return metric


def values_of(named: dict[By, list[str]], metric: AnyMetric) -> dict[By, list[Any]]:
    """What is filtered for. Raises `Unacceptable`."""
    found: dict[By, list[Any]] = {}
    for by, values in named.items():
        _check_dimension(metric, by, f"/filter/{by.value}")
        try:
            found[by] = [value_from(by, value) for value in values]
        except ValueError:
            detail = f"One of these is no {by.value.replace('_', ' ')}."
            raise Unacceptable.field(f"/filter/{by.value}", "unknown_value", detail) from None
    return found


def _check_dimension(metric: AnyMetric, by: By, pointer: str) -> None:
    if by not in metric.dimensions:
        known = ", ".join(each.value for each in metric.dimensions)
        raise Unacceptable.field(pointer, "unknown_dimension", f"`{metric.name}` can be told apart by {known}.")


async def _find(work: Work, watch_id: UUID, *, to_change: bool) -> Watch:
    statement = listed(work).where(Watch.id == watch_id)
    found: Watch | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise UnknownWatch
    return found
