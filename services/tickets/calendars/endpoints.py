"""`/v1/calendars`: when somebody is there to answer."""

from datetime import date, timedelta
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.calendars import renewing
from services.tickets.calendars import service as calendars
from services.tickets.calendars.models import Calendar, CalendarVersion
from services.tickets.calendars.schemas import (
    CalendarIn,
    CalendarOut,
    CalendarVersionOut,
    FeedOut,
    HolidayOut,
    Holidays,
    Week,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, runtime_of, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/calendars", tags=["calendars"])


@router.post("", status_code=201)
async def create_calendar(body: CalendarIn, work: TicketsWrite, request: Request, response: Response) -> CalendarOut:
    """Write down when you work. The first calendar is the default one."""
    renewing.check_address(runtime_of(request), body.feed_url)
    return _out(await calendars.create(work, body), response)


@router.get("")
async def list_calendars(work: TicketsRead, page: PageQuery) -> Page[CalendarOut]:
    """Oldest first."""
    statement = select(Calendar).where(Calendar.account_id == work.account_id, Calendar.removed_at.is_(None))
    found = await paginate(work.session, statement, page, keys=(Calendar.id.asc(),))
    return found.map(_shown)


@router.get("/{calendar_id}")
async def read_calendar(calendar_id: UUID, work: TicketsRead, response: Response) -> CalendarOut:
    """One calendar, with the `ETag` that a change may carry as `If-Match`."""
    return _out(await calendars.find(work, calendar_id), response)


@router.put("/{calendar_id}")
async def replace_calendar(
    calendar_id: UUID, body: CalendarIn, work: TicketsWrite, expected: IfMatch, request: Request, response: Response
) -> CalendarOut:
    """Set all of it; that makes a version. Tickets that are open keep theirs until a policy is applied to them anew."""
    renewing.check_address(runtime_of(request), body.feed_url)
    return _out(await calendars.replace(work, calendar_id, body, expected), response)


@router.delete("/{calendar_id}", status_code=204)
async def remove_calendar(calendar_id: UUID, work: TicketsWrite) -> None:
    """Not the default one, and not one that a policy works by. Tickets that began with it keep it."""
    await calendars.remove(work, calendar_id)


@router.post("/{calendar_id}/refresh", status_code=202)
async def refresh_calendar(calendar_id: UUID, work: TicketsWrite, response: Response) -> CalendarOut:
    """Read its feed now instead of tomorrow. `feed.read_at` tells when that was done."""
    calendar = await calendars.find(work, calendar_id, lock=True)
    await calendars.plan_renewal(work, calendar)
    return _out(calendar, response)


@router.get("/{calendar_id}/holidays")
async def list_holidays(calendar_id: UUID, work: TicketsRead, first: date | None = None, days: int = 366) -> Holidays:
    """The dates on which the week does not hold, from `first` (today) on, for so many `days`: who closed them, or how
    long they are open."""
    first = first or work.now.date()
    last = first + timedelta(days=min(max(days, 0), 5_000))
    calendar = await calendars.find(work, calendar_id)
    found = await calendars.specials_within(work, calendar, first.isoformat(), last.isoformat())
    return Holidays(data=[HolidayOut.model_validate({"date": day, **special}) for day, special in found])


@router.get("/{calendar_id}/versions")
async def list_calendar_versions(calendar_id: UUID, work: TicketsRead, page: PageQuery) -> Page[CalendarVersionOut]:
    """What it said when, newest first, and who changed it."""
    await calendars.find(work, calendar_id)
    statement = select(CalendarVersion).where(
        CalendarVersion.account_id == work.account_id, CalendarVersion.calendar_id == calendar_id
    )
    found = await paginate(work.session, statement, page, keys=(CalendarVersion.version.desc(),))
    return found.map(_version)


def _out(calendar: Calendar, response: Response) -> CalendarOut:
    set_etag(response, calendar.version)
    return _shown(calendar)


def _shown(calendar: Calendar) -> CalendarOut:
    spec = CalendarIn.model_validate(calendar.spec)
    feed = None
    if spec.feed_url is not None:
        feed = FeedOut(
            url=spec.feed_url,
            read_at=calendar.feed_read_at,
            problem=calendar.feed_problem,
            dates=len(calendar.feed_dates),
        )
    return CalendarOut(
        id=calendar.id,
        name=calendar.name,
        timezone=spec.timezone,
        week=spec.week,
        holidays=spec.holidays,
        dates=spec.dates,
        feed=feed,
        is_default=calendar.is_default,
        version=calendar.version,
        created_at=calendar.created_at,
        updated_at=calendar.updated_at,
    )


def _version(version: CalendarVersion) -> CalendarVersionOut:
    return CalendarVersionOut(
        version=version.version,
        created_at=version.created_at,
        actor=version.actor,
        timezone=version.content["timezone"],
        week=Week.model_validate(version.content["week"]),
        special_dates=len(version.content["special"]),
    )
