"""Calendars and their versions. What changes the hours makes a version, and tickets keep the one they began with."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select

from services.tickets.agents.models import Agent
from services.tickets.calendars.content import content_of
from services.tickets.calendars.models import Calendar, CalendarVersion
from services.tickets.calendars.schemas import CalendarIn
from services.tickets.slas import revisions
from services.tickets.slas.models import Policy
from services.tickets.teams.models import Team
from shared.dispatch import queue
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

# Of the dispatches by which a calendar's feed is read and its holidays are carried on.
RENEWAL = "calendars.renew"


class NoSuchCalendar(NotFound):
    """There is no such calendar."""


class CalendarInUse(Conflict):
    """A policy, a team or an agent works by this calendar. Give them another one first."""

    code = "calendar_in_use"


class DefaultCalendar(Conflict):
    """This is the default calendar. Make another one the default first."""

    code = "default_calendar"


async def create(work: Work, body: CalendarIn) -> Calendar:
    await revisions.advance(work)
    is_first = await default_calendar(work) is None
    calendar = Calendar(
        id=new_id(),
        account_id=work.account_id,
        name=body.name,
        is_default=False,
        spec=body.model_dump(mode="json"),
        feed_dates={},
        version=0,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(calendar)
    await work.session.flush()
    await renew_version(work, calendar)
    if body.is_default or is_first:
        await _make_default(work, calendar)
    await plan_renewal(work, calendar)
    return calendar


async def replace(work: Work, calendar_id: UUID, body: CalendarIn, expected: int | None) -> Calendar:
    """Raises `NoSuchCalendar`, `StaleVersion`, or `DefaultCalendar` if nothing else would be the default."""
    await revisions.advance(work)
    calendar = await find(work, calendar_id, lock=True)
    check_match(expected, calendar.version)
    if calendar.is_default and not body.is_default and "is_default" in body.model_fields_set:
        raise DefaultCalendar
    if body.feed_url != calendar.spec["feed_url"]:
        calendar.feed_dates, calendar.feed_read_at, calendar.feed_problem = {}, None, None
    spec = body.model_dump(mode="json")
    if spec != calendar.spec:
        calendar.name, calendar.spec = body.name, spec
        calendar.updated_at = work.now
        await renew_version(work, calendar, even_if_same=True)
    if body.is_default:
        await _make_default(work, calendar)
    await plan_renewal(work, calendar)
    return calendar


async def remove(work: Work, calendar_id: UUID) -> None:
    """Its versions stay, for the tickets that began with them. Raises `CalendarInUse` or `DefaultCalendar`."""
    await revisions.advance(work)
    calendar = await find(work, calendar_id, lock=True)
    if calendar.is_default:
        raise DefaultCalendar
    for table in (Policy, Team, Agent):
        mine = (table.account_id == work.account_id) & (table.calendar_id == calendar_id)
        if await work.session.scalar(select(exists().where(mine))):
            raise CalendarInUse
    calendar.removed_at = work.now
    await queue.withdraw(work, RENEWAL, calendar.id)


async def renew_version(work: Work, calendar: Calendar, *, even_if_same: bool = False) -> bool:
    """A new version, if what it says is new. Whoever calls has advanced the revision."""
    spec = CalendarIn.model_validate(calendar.spec)
    content = await asyncio.to_thread(content_of, spec, calendar.feed_dates, work.now.year)
    last = await work.session.get(CalendarVersion, (calendar.id, calendar.version)) if calendar.version else None
    if last is not None and last.content == content and not even_if_same:
        return False
    calendar.version += 1
    work.session.add(
        CalendarVersion(
            account_id=work.account_id,
            calendar_id=calendar.id,
            version=calendar.version,
            content=content,
            actor=str(work.actor),
            created_at=work.now,
        )
    )
    await work.session.flush()
    return True


async def plan_renewal(work: Work, calendar: Calendar) -> None:
    """At once for a feed; public holidays were spelt out just now."""
    await queue.withdraw(work, RENEWAL, calendar.id)
    if calendar.spec["feed_url"] is not None or calendar.spec["holidays"]:
        await queue.enqueue(work, RENEWAL, [(calendar.id, calendar.id)])


async def find(work: Work, calendar_id: UUID, *, lock: bool = False) -> Calendar:
    """Raises `NoSuchCalendar`."""
    mine = (Calendar.account_id == work.account_id) & (Calendar.id == calendar_id) & Calendar.removed_at.is_(None)
    statement = select(Calendar).where(mine)
    calendar = await work.session.scalar(statement.with_for_update() if lock else statement)
    if calendar is None:
        raise NoSuchCalendar
    return calendar


async def require(work: Work, calendar_id: UUID | None) -> None:
    """Raises `Unacceptable` if it is not there."""
    if calendar_id is None:
        return
    try:
        await find(work, calendar_id)
    except NoSuchCalendar:
        detail = "There is no such calendar; see GET /v1/calendars."
        raise Unacceptable.field("/calendar_id", "unknown_calendar", detail) from None


async def default_calendar(work: Work) -> Calendar | None:
    mine = (Calendar.account_id == work.account_id) & Calendar.is_default
    return await work.session.scalar(select(Calendar).where(mine))


async def content_now(work: Work, calendar: Calendar) -> CalendarVersion:
    return await work.session.get_one(CalendarVersion, (calendar.id, calendar.version))


async def specials_within(
    work: Work, calendar: Calendar, first: str, last: str
) -> Sequence[tuple[str, dict[str, object]]]:
    """Special dates from `first` up to and without `last`, ISO dates, in order."""
    version = await content_now(work, calendar)
    return [(day, special) for day, special in version.content["special"].items() if first <= day < last]


async def _make_default(work: Work, calendar: Calendar) -> None:
    former = await default_calendar(work)
    if former is not None and former.id != calendar.id:
        former.is_default = False
        await work.session.flush()
    calendar.is_default = True
    await work.session.flush()
