"""Alarms: raised once for a cause, kept up to date while it lasts, closed when it is over."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from services.metrics.alerts.causes import Cause
from services.metrics.alerts.models import Alarm, Watch
from services.metrics.alerts.schemas import AlarmOut, CauseOut, Direction, Ending
from services.metrics.comparisons.against import value_from
from services.metrics.comparisons.answers import rows_of
from services.metrics.scores.catalogue import CATALOGUE
from services.metrics.scores.days import Calendar
from services.metrics.scores.schemas import ConfidenceInterval
from services.metrics.scores.selection import By, Selection
from shared.contracts.metrics import AlertCause, AlertClosed, AlertRaised
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.statistics import LEVEL
from shared.statistics import shown as rounded
from shared.work import Work

WAYS: Mapping[int, Direction] = {1: "up", -1: "down"}


class UnknownAlarm(NotFound):
    """There is no such alarm."""


def listed(work: Work) -> Select[Any]:
    return select(Alarm).where(Alarm.account_id == work.account_id)


async def read(work: Work, alarm_id: UUID) -> Alarm:
    """Raises `UnknownAlarm`."""
    found: Alarm | None = await work.session.scalar(listed(work).where(Alarm.id == alarm_id))
    if found is None:
        raise UnknownAlarm
    return found


async def open_of(work: Work, watch: Watch) -> Mapping[int, Alarm]:
    """By direction."""
    statement = listed(work).where(Alarm.watch_id == watch.id, Alarm.closed_at.is_(None)).with_for_update()
    return {alarm.direction: alarm for alarm in await work.session.scalars(statement)}


async def hold(work: Work) -> None:
    """Of the account's watches one at a time may raise alarms, so that two never tell of one cause."""
    await work.session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"alerts {work.account_id}", 0)))
    )


async def is_told(work: Work, metric: str, direction: int, filters: Mapping[str, Sequence[str]]) -> bool:
    """Whether another watch has an alarm open about answers that may be the same."""
    same = (Alarm.metric == metric, Alarm.direction == direction, Alarm.closed_at.is_(None))
    return any(overlap(alarm.filters, filters) for alarm in await work.session.scalars(listed(work).where(*same)))


def overlap(ours: Mapping[str, Sequence[str]], theirs: Mapping[str, Sequence[str]]) -> bool:
    """Whether something can be in both."""
    return all(set(values) & set(theirs[by]) for by, values in ours.items() if by in theirs)


def raise_alarm(work: Work, watch: Watch, direction: int, values: Mapping[str, Any]) -> None:
    alarm = Alarm(
        id=new_id(),
        account_id=work.account_id,
        watch_id=watch.id,
        metric=watch.document["metric"],
        direction=direction,
        raised_at=work.now,
        closed_at=None,
        ending=None,
        version=1,
        **values,
    )
    work.session.add(alarm)
    work.emit(_told(alarm, watch), subject=alarm.id, version=alarm.version)


def refresh(alarm: Alarm, values: Mapping[str, Any]) -> None:
    """What is known of it by now."""
    for name, value in values.items():
        setattr(alarm, name, value)
    alarm.version += 1


def close(work: Work, watch: Watch, alarm: Alarm, ending: Ending) -> None:
    alarm.closed_at, alarm.ending = work.now, ending
    alarm.version += 1
    closed = AlertClosed(
        alarm_id=alarm.id,
        alert_id=watch.id,
        name=watch.document["name"],
        metric=alarm.metric,
        direction=WAYS[alarm.direction],
        ending=ending,
        raised_at=alarm.raised_at,
        closed_at=work.now,
        owner_id=watch.document["owner_id"],
    )
    work.emit(closed, subject=alarm.id, version=alarm.version)


async def withdraw(work: Work, watch: Watch) -> None:
    """Nobody asks this any more."""
    for alarm in (await open_of(work, watch)).values():
        close(work, watch, alarm, "withdrawn")


def shown(alarm: Alarm, calendar: Calendar) -> AlarmOut:
    found = alarm.findings
    interval = ConfidenceInterval(low=found["low"], high=found["high"], level=LEVEL)
    causes = [CauseOut(**cause, rows=_rows_of_cause(alarm, cause, calendar)) for cause in alarm.causes]
    names = ("id", "watch_id", "metric", "groups", "raised_at", "closed_at", "ending")
    return AlarmOut.model_construct(
        **{name: getattr(alarm, name) for name in names},
        **{name: found[name] for name in ("value", "expected", "change", "n")},
        direction=WAYS[alarm.direction],
        filter={By(by): values for by, values in alarm.filters.items()},
        from_=alarm.from_day,
        to=alarm.to_day,
        interval=interval,
        causes=causes,
        rows=rows_of(alarm.metric, selection_of(alarm, calendar)),
    )


def selection_of(alarm: Alarm, calendar: Calendar) -> Selection:
    filters = {By(by): [value_from(By(by), value) for value in values] for by, values in alarm.filters.items()}
    return Selection(alarm.from_day, alarm.to_day, filters, calendar)


def kept(cause: Cause) -> dict[str, Any]:
    """A cause, as it is stored."""
    return {
        "dimension": cause.dimension,
        "group": cause.part.group,
        **{name: rounded(getattr(cause, name)) for name in ("own", "mix", "share", "weight")},
        **{name: getattr(cause.part, name) for name in ("value", "n", "value_before", "n_before")},
    }


def _rows_of_cause(alarm: Alarm, cause: Mapping[str, Any], calendar: Calendar) -> str | None:
    if cause["group"] is None:
        return None
    within, by = selection_of(alarm, calendar), By(cause["dimension"])
    filters = {**within.filters, by: [value_from(by, cause["group"])]}
    return rows_of(alarm.metric, Selection(within.start, within.end, filters, calendar))


def _told(alarm: Alarm, watch: Watch) -> AlertRaised:
    metric = CATALOGUE[alarm.metric]
    causes = [
        AlertCause(dimension=cause["dimension"], group=cause["group"], share=cause["share"]) for cause in alarm.causes
    ]
    return AlertRaised(
        alarm_id=alarm.id,
        alert_id=watch.id,
        name=watch.document["name"],
        metric=alarm.metric,
        title=metric.title,
        unit=metric.unit,
        direction=WAYS[alarm.direction],
        since=alarm.from_day,
        until=alarm.to_day,
        groups=tuple(alarm.groups),
        causes=tuple(causes),
        owner_id=watch.document["owner_id"],
        **alarm.findings,
    )
