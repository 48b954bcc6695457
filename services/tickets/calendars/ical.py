"""All-day events of an iCalendar feed (RFC 5545), each date with its name.

Runs in a process of its own (`python -m services.tickets.calendars.ical`): the feed is a file of somebody else, and
neither the parser nor a rule that recurs every second shall hold up anybody. Reads `Feed` and writes `Dates`, as JSON.
"""

import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

import icalendar
from dateutil.rrule import rruleset, rrulestr
from pydantic import BaseModel

MOST_DATES: Final = 5_000
_LONGEST_EVENT: Final = 366


class Feed(BaseModel):
    text: str
    first: date
    last: date


class Dates(BaseModel):
    """`problem`: why there are none, in words for whoever owns the calendar."""

    dates: dict[date, str] = {}
    problem: str | None = None


def dates_in(feed: Feed) -> Dates:
    try:
        calendar = icalendar.Calendar.from_ical(feed.text)
    except (ValueError, IndexError, KeyError):
        return Dates(problem="it is not an iCalendar file")
    found: dict[date, str] = {}
    for event in calendar.walk("VEVENT"):
        name = " ".join(str(event.get("SUMMARY", "")).split())[:200] or "Holiday"
        for day in _days(event, feed):
            found.setdefault(day, name)
            if len(found) > MOST_DATES:
                return Dates(problem=f"it has more than {MOST_DATES} dates")
    return Dates(dates=found)


def _days(event: Any, feed: Feed) -> Iterator[date]:
    """A meeting at noon closes nothing, and what was cancelled does not either."""
    start = event.decoded("DTSTART", None)
    if not _is_date(start) or str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    length = _length(event, start)
    for first in _starts(event, start, feed, length):
        for day in (first + timedelta(days=offset) for offset in range(length)):
            if feed.first <= day <= feed.last:
                yield day


def _length(event: Any, start: date) -> int:
    """In days; the end is the day after."""
    end, duration = event.decoded("DTEND", None), event.decoded("DURATION", None)
    whole = end - start if _is_date(end) else duration
    days = whole.days if isinstance(whole, timedelta) else 1
    return min(max(days, 1), _LONGEST_EVENT)


def _starts(event: Any, start: date, feed: Feed, length: int) -> Iterator[date]:
    rule = event.get("RRULE")
    if rule is None:
        yield start
        return
    occurrences = rruleset()
    for one in rule if isinstance(rule, list) else [rule]:
        text = one.to_ical().decode()
        occurrences.rrule(rrulestr(text, dtstart=datetime.combine(start, time()), ignoretz=True))
    for day in _exceptions(event):
        occurrences.exdate(datetime.combine(day, time()))
    earliest = datetime.combine(feed.first - timedelta(days=length), time())
    latest = datetime.combine(feed.last, time())
    for moment in islice(occurrences.xafter(earliest, inc=True), MOST_DATES + 1):
        if moment > latest:
            return
        yield moment.date()


def _exceptions(event: Any) -> Iterator[date]:
    excluded = event.get("EXDATE")
    for group in excluded if isinstance(excluded, list) else [excluded]:
        for one in group.dts if group is not None else ():
            yield one.dt.date() if isinstance(one.dt, datetime) else one.dt


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


if __name__ == "__main__":
    sys.stdout.write(dates_in(Feed.model_validate_json(sys.stdin.buffer.read())).model_dump_json())
