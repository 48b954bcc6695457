"""`/v1/alerts`: to be told of changes, and not of noise."""

from uuid import UUID

from fastapi import Request, Response

from services.metrics.alerts import alarms, looking, watches
from services.metrics.alerts.alarms import WAYS
from services.metrics.alerts.models import Alarm, Watch
from services.metrics.alerts.schemas import AlarmOut, Chart, ChartLine, ChartPoint, NewWatch, WatchOut
from services.metrics.alerts.terms import Judged
from services.metrics.scores.auth import MetricsRead, minimum_for
from services.metrics.scores.days import calendar_of
from services.metrics.worth.auth import MetricsWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.statistics import shown as rounded

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("")
async def list_alerts(work: MetricsRead, page: PageQuery) -> Page[WatchOut]:
    """What is watched, newest first."""
    keys = (Watch.created_at.desc(), Watch.id.desc())
    return (await paginate(work.session, watches.listed(work), page, keys=keys)).map(watches.shown)


@router.post("", status_code=201)
async def add_alert(body: NewWatch, work: MetricsWrite, response: Response) -> WatchOut:
    """Watch a metric. It is looked at at once, and two hours after each day or week of the account is over."""
    made = await watches.add(work, body)
    set_etag(response, made.version)
    return watches.shown(made)


@router.get("/alarms")
async def list_alarms(
    work: MetricsRead, page: PageQuery, is_open: bool | None = None, watch_id: UUID | None = None
) -> Page[AlarmOut]:
    """What moved, newest first. `is_open=true`: what still does."""
    statement = alarms.listed(work)
    if is_open is not None:
        statement = statement.where(Alarm.closed_at.is_(None) if is_open else Alarm.closed_at.is_not(None))
    if watch_id is not None:
        statement = statement.where(Alarm.watch_id == watch_id)
    calendar = await calendar_of(work)
    found = await paginate(work.session, statement, page, keys=(Alarm.raised_at.desc(), Alarm.id.desc()))
    return found.map(lambda alarm: alarms.shown(alarm, calendar))


@router.get("/alarms/{alarm_id}")
async def read_alarm(alarm_id: UUID, work: MetricsRead) -> AlarmOut:
    """What moved, by how much, what explains it, and where its rows are."""
    return alarms.shown(await alarms.read(work, alarm_id), await calendar_of(work))


@router.get("/{watch_id}")
async def read_alert(watch_id: UUID, work: MetricsRead, response: Response) -> WatchOut:
    """One of them, and how it stands."""
    found = await watches.read(work, watch_id)
    set_etag(response, found.version)
    return watches.shown(found)


@router.get("/{watch_id}/chart")
async def read_chart(watch_id: UUID, work: MetricsRead, request: Request) -> Chart:
    """Every period with what was expected of it, and between which limits."""
    wanted = NewWatch.model_validate((await watches.read(work, watch_id)).document)
    calendar = await calendar_of(work)
    end, minimum = looking.closed_by(work.now, calendar, wanted), await minimum_for(work, request)
    seen = await looking.look_at(work, wanted, calendar, end, minimum=minimum)
    return Chart(
        metric=seen.metric.name,
        unit=seen.metric.unit,
        time_zone=calendar.time_zone,
        lines=[ChartLine(group=line.group, points=[_point(each) for each in line.judged]) for line in seen.lines],
    )


@router.put("/{watch_id}")
async def replace_alert(
    watch_id: UUID, body: NewWatch, work: MetricsWrite, if_match: IfMatch, response: Response
) -> WatchOut:
    """Ask otherwise. Alarms that are open are withdrawn, and it is looked at anew."""
    found = await watches.replace(work, watch_id, body, expected=if_match)
    set_etag(response, found.version)
    return watches.shown(found)


@router.delete("/{watch_id}", status_code=204)
async def delete_alert(watch_id: UUID, work: MetricsWrite, if_match: IfMatch) -> None:
    """Watch it no more. Its alarms stay, closed."""
    await watches.delete(work, watch_id, expected=if_match)


def _point(each: Judged) -> ChartPoint:
    numbers = {name: getattr(each, name) for name in ("expected", "low", "high")}
    return ChartPoint(
        from_=each.point.start,
        to=each.point.end,
        value=each.point.value,
        n=each.point.n,
        alarm=WAYS.get(each.direction),
        **{name: None if number is None else rounded(number) for name, number in numbers.items()},
    )
