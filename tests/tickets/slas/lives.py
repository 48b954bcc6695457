"""What may happen to a ticket, for the tests of its clocks."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.tickets.calendars.hours import AroundTheClock, BusinessHours, Hours, Interval, SpecialDay
from services.tickets.cases.states import check_way
from services.tickets.slas.clock import Entry, Target, Terms, What
from shared.contracts.tickets import TicketState
from shared.http.errors import Conflict

START: Final = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STATES: Final[tuple[TicketState, ...]] = ("open", "pending", "on_hold", "resolved", "closed")
ZONES: Final = ("UTC", "Europe/Rome", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago")
PAUSED_IN: Final[dict[Target, frozenset[TicketState]]] = {
    Target.FIRST_RESPONSE: frozenset(),
    Target.NEXT_RESPONSE: frozenset(),
    Target.RESOLUTION: frozenset({"pending", "on_hold"}),
    Target.PERIODIC_UPDATE: frozenset({"pending"}),
}


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def moved(hour: float, state: TicketState) -> Entry:
    return Entry(at(hour), What.MOVED, state)


def said(hour: float, what: What) -> Entry:
    return Entry(at(hour), what)


def terms(
    allowed: timedelta = timedelta(hours=8), hours: Hours | None = None, *, warn_at: tuple[int, ...] = ()
) -> Terms:
    return Terms(dict.fromkeys(Target, allowed), PAUSED_IN, warn_at, hours or AroundTheClock())


def office(zone: str, week: Mapping[int, Sequence[str]], *, closed: dict[date, str] | None = None) -> BusinessHours:
    """`week`: from the number of the day (Monday is 0) to intervals such as `09:00-17:00`."""
    special = {day: SpecialDay(name) for day, name in (closed or {}).items()}
    return BusinessHours(
        ZoneInfo(zone), [[interval(text) for text in week.get(day, ())] for day in range(7)], special.get
    )


def interval(text: str) -> Interval:
    opens, closes = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return opens, closes


@st.composite
def lives(draw: st.DrawFn) -> list[Entry]:
    """A ticket is paused, resumed, resolved, reopened, closed, written to, answered, and taken by the assistant, in any
    order that its states allow, at moments down to the microsecond and often at the same one."""
    entries = [moved(0, "open")]
    state: TicketState = "open"
    gaps = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10 * 86_400_000_000))
    said_things = (What.WROTE, What.REPLIED, What.WITH_ASSISTANT, What.HANDED_OVER)
    for wanted in draw(st.lists(st.one_of(st.sampled_from(STATES), st.sampled_from(said_things)), max_size=20)):
        moment = entries[-1].at + timedelta(microseconds=draw(gaps))
        if isinstance(wanted, What):
            entries.append(Entry(moment, wanted))
            continue
        try:
            check_way(state, wanted)
        except Conflict:
            continue
        state = wanted
        entries.append(Entry(moment, What.MOVED, state))
    return entries


@st.composite
def calendars(draw: st.DrawFn) -> Hours:
    """Up to three intervals a day, now and then a holiday, somewhere in the world; or around the clock."""
    if draw(st.integers(0, 5)) == 0:
        return AroundTheClock()
    bounds = st.lists(st.integers(0, 1_440), min_size=0, max_size=6, unique=True)
    week = []
    for _ in range(7):
        edges = sorted(draw(bounds))
        week.append([(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)])
    week[draw(st.integers(0, 6))] = [(540, 1_020)]
    off = draw(st.sets(st.integers(0, 60), max_size=5))
    special = {START.date() + timedelta(days=day): SpecialDay("Feast") for day in off}
    return BusinessHours(ZoneInfo(draw(st.sampled_from(ZONES))), week, special.get)
