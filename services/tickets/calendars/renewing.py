"""Calendars carry on: feeds are read once a day, and public holidays are spelt out for years that come nearer.

What reaches outside is never done in a transaction: a calendar waits in `dispatches`, is asked about between two
transactions, and gets a version only if something is new.
"""

from datetime import timedelta
from typing import Final

import httpx

from services.tickets.calendars import service as calendars
from services.tickets.calendars.content import YEARS_AFTER, YEARS_BEFORE
from services.tickets.calendars.ical import Dates, Feed
from services.tickets.calendars.models import Calendar
from services.tickets.calendars.service import RENEWAL, NoSuchCalendar
from services.tickets.slas import revisions
from shared.apart import Failed, run_apart
from shared.dispatch import queue
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim
from shared.http.client import NotAllowed
from shared.http.egress import guarded_client
from shared.http.errors import Unacceptable
from shared.service import Runtime
from shared.work import Work

LARGEST_FEED: Final = 1_048_576
_EVERY: Final = timedelta(days=1)
_SECONDS: Final = 30.0
_PARSER: Final = "services.tickets.calendars.ical"
_PARSER_MEGABYTES: Final = 512
_HEADERS: Final = {"Accept": "text/calendar", "User-Agent": "Heed"}


def check_address(runtime: Runtime, url: str | None) -> None:
    """Raises `Unacceptable` for an address that will never be asked."""
    if url is None:
        return
    try:
        guarded_client(runtime).check_url(url)
    except NotAllowed as problem:
        detail = f"This address cannot be read: {problem}."
        raise Unacceptable.field("/feed_url", "not_allowed", detail) from None


async def renew(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the calendar."""
    async with queue.open_claim(runtime, claim) as work:
        calendar = await _calendar(work, claim)
        if calendar is None:
            await queue.finish(work, claim)
            return
        url: str | None = calendar.spec["feed_url"]
    read = await _read(runtime, url) if url is not None else Dates()
    async with queue.open_claim(runtime, claim) as work:
        if await queue.postpone(work, claim, work.now + _EVERY, counts=False):
            await _note(work, claim, url, read)


async def _note(work: Work, claim: Claim, url: str | None, read: Dates) -> None:
    """A feed that cannot be read today leaves the calendar as it was yesterday."""
    await revisions.advance(work)
    calendar = await _calendar(work, claim)
    if calendar is None or calendar.spec["feed_url"] != url:
        return
    if url is not None:
        calendar.feed_read_at, calendar.feed_problem = work.now, read.problem
        if read.problem is None:
            calendar.feed_dates = {day.isoformat(): name for day, name in sorted(read.dates.items())}
    await calendars.renew_version(work, calendar)


async def _calendar(work: Work, claim: Claim) -> Calendar | None:
    try:
        return await calendars.find(work, claim.id, lock=True)
    except NoSuchCalendar:
        return None


async def _read(runtime: Runtime, url: str) -> Dates:
    client = guarded_client(runtime)
    try:
        answer = await client.request("GET", url, headers=_HEADERS, timeout=_SECONDS, read_at_most=LARGEST_FEED)
    except NotAllowed as problem:
        return Dates(problem=f"it cannot be read: {problem}")
    except (TimeoutError, OSError, httpx.HTTPError):
        return Dates(problem="its server did not answer")
    if answer.status != 200:
        return Dates(problem=f"its server answered {answer.status}")
    if not answer.is_whole:
        return Dates(problem=f"it is larger than {LARGEST_FEED // 1_048_576} MB, or came too slowly")
    today = runtime.clock.now().date()
    first, last = today.replace(year=today.year - YEARS_BEFORE, month=1, day=1), today
    last = last.replace(year=today.year + YEARS_AFTER, month=12, day=31)
    feed = Feed(text=answer.body.decode("utf-8", "replace"), first=first, last=last)
    try:
        output = await run_apart(
            _PARSER, feed.model_dump_json().encode(), seconds=_SECONDS, megabytes=_PARSER_MEGABYTES
        )
    except Failed:
        return Dates(problem="it could not be understood in time")
    return Dates.model_validate_json(output)


RENEWALS = Dispatcher(RENEWAL, renew, at_once=4, per_lane=1)
