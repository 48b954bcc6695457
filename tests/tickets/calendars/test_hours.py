"""R-48: hours are times on the wall, also in the nights in which the clock is changed."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tickets.calendars.hours import BusinessHours, Hours, Span, SpecialDay, first_instant
from tests.tickets.slas.lives import ZONES, calendars, office

MINUTE: Final = timedelta(minutes=1)
WEEKS: Final[Mapping[str, Sequence[str]]] = {
    "office": ["09:00-17:00"],
    "split": ["08:00-12:00", "13:30-18:00"],
    "night": ["00:00-06:00"],
    "always": ["00:00-24:00"],
    "small_hours": ["00:30-01:30", "01:45-02:30"],
}
# Zone, hours of every day, from when, minutes of business time, until when. All but those of Kathmandu, which has an
# offset of 5:45 and no summer time, go over a change of the clock; Lord Howe's is half an hour, Santiago's and Cairo's
# are at midnight, St. John's and Chatham have offsets of half and three quarters of an hour.
CASES: Final = [
    ("Europe/Berlin", "office", "2024-03-30T17:00+01:00", 480, "2024-03-31T17:00+02:00"),
    ("Europe/Berlin", "split", "2025-10-25T07:00+02:00", 600, "2025-10-26T09:30+01:00"),
    ("Europe/Berlin", "night", "2026-03-28T23:00+01:00", 420, "2026-03-30T02:00+02:00"),
    ("Europe/Berlin", "always", "2027-10-30T16:00+02:00", 1500, "2027-10-31T16:00+01:00"),
    ("Europe/Berlin", "small_hours", "2028-03-26T00:00+01:00", 150, "2028-03-27T02:00+02:00"),
    ("America/New_York", "office", "2029-11-03T17:00-04:00", 480, "2029-11-04T17:00-05:00"),
    ("America/New_York", "split", "2030-03-09T06:00-05:00", 600, "2030-03-10T09:30-04:00"),
    ("America/New_York", "night", "2024-11-02T23:00-04:00", 420, "2024-11-03T06:00-05:00"),
    ("America/New_York", "always", "2025-03-08T15:00-05:00", 1500, "2025-03-09T17:00-04:00"),
    ("America/New_York", "small_hours", "2026-11-01T00:00-04:00", 150, "2026-11-01T02:15-05:00"),
    ("Australia/Lord_Howe", "office", "2027-04-03T17:00+11:00", 480, "2027-04-04T17:00+10:30"),
    ("Australia/Lord_Howe", "split", "2028-09-30T06:00+10:30", 600, "2028-10-01T09:30+11:00"),
    ("Australia/Lord_Howe", "night", "2029-03-31T23:00+11:00", 420, "2029-04-02T00:30+10:30"),
    ("Australia/Lord_Howe", "always", "2030-10-05T15:00+10:30", 1500, "2030-10-06T16:30+11:00"),
    ("Australia/Lord_Howe", "small_hours", "2024-04-07T00:00+11:00", 150, "2024-04-08T00:45+10:30"),
    ("Asia/Kathmandu", "office", "2025-03-10T15:00+05:45", 480, "2025-03-11T15:00+05:45"),
    ("Asia/Kathmandu", "split", "2026-03-11T04:00+05:45", 600, "2026-03-12T09:30+05:45"),
    ("Asia/Kathmandu", "night", "2027-03-12T21:00+05:45", 420, "2027-03-14T01:00+05:45"),
    ("Asia/Kathmandu", "always", "2028-03-13T13:00+05:45", 1500, "2028-03-14T14:00+05:45"),
    ("Asia/Kathmandu", "small_hours", "2029-03-14T22:00+05:45", 150, "2029-03-16T01:15+05:45"),
    ("America/Santiago", "office", "2030-04-06T15:00-03:00", 480, "2030-04-07T15:00-04:00"),
    ("America/Santiago", "split", "2024-09-07T04:00-04:00", 600, "2024-09-08T09:30-03:00"),
    ("America/Santiago", "night", "2025-04-05T21:00-03:00", 420, "2025-04-07T01:00-04:00"),
    ("America/Santiago", "always", "2026-09-05T13:00-04:00", 1500, "2026-09-06T15:00-03:00"),
    ("America/Santiago", "small_hours", "2027-04-03T22:00-03:00", 150, "2027-04-05T01:15-04:00"),
    ("Africa/Cairo", "office", "2028-10-26T15:00+03:00", 480, "2028-10-27T15:00+02:00"),
    ("Africa/Cairo", "split", "2029-04-26T04:00+02:00", 600, "2029-04-27T09:30+03:00"),
    ("Africa/Cairo", "night", "2030-10-31T21:00+03:00", 420, "2030-11-02T01:00+02:00"),
    ("Africa/Cairo", "always", "2024-04-25T13:00+02:00", 1500, "2024-04-26T15:00+03:00"),
    ("Africa/Cairo", "small_hours", "2025-10-30T22:00+03:00", 150, "2025-11-01T01:15+02:00"),
    ("America/St_Johns", "office", "2026-03-07T17:00-03:30", 480, "2026-03-08T17:00-02:30"),
    ("America/St_Johns", "split", "2027-11-06T06:00-02:30", 600, "2027-11-07T09:30-03:30"),
    ("America/St_Johns", "night", "2028-03-11T23:00-03:30", 420, "2028-03-13T02:00-02:30"),
    ("America/St_Johns", "always", "2029-11-03T15:00-02:30", 1500, "2029-11-04T15:00-03:30"),
    ("America/St_Johns", "small_hours", "2030-03-10T00:00-03:30", 150, "2030-03-11T02:00-02:30"),
    ("Pacific/Chatham", "office", "2024-09-28T17:45+12:45", 480, "2024-09-29T17:00+13:45"),
    ("Pacific/Chatham", "split", "2025-04-05T07:45+13:45", 600, "2025-04-06T09:30+12:45"),
    ("Pacific/Chatham", "night", "2026-09-26T23:45+12:45", 420, "2026-09-28T02:00+13:45"),
    ("Pacific/Chatham", "always", "2027-04-03T16:45+13:45", 1500, "2027-04-04T16:45+12:45"),
    ("Pacific/Chatham", "small_hours", "2028-09-24T00:45+12:45", 150, "2028-09-25T01:30+13:45"),
]


def advanced(hours: BusinessHours, start: datetime, amount: timedelta) -> datetime | None:
    spans = [span for span in hours.spans(start, start + timedelta(days=30)) if span.kind == "open"]
    return open_for(spans, amount)


def open_minutes(zone: str, week: Sequence[str], start: datetime, minutes: int) -> Iterator[bool]:
    """Whether each minute is open, seen by somebody who looks at the wall clock once a minute and remembers for each
    day what has been opened and what has been closed."""
    edges = [tuple(int(part[:2]) * 60 + int(part[3:]) for part in text.split("-")) for text in week]
    opened: set[tuple[date, int]] = set()
    closed: set[tuple[date, int]] = set()
    at = start - timedelta(days=2)
    while at < start + minutes * MINUTE:
        wall = at.astimezone(ZoneInfo(zone))
        day, minute = wall.date(), wall.hour * 60 + wall.minute
        for number, (opens, closes) in enumerate(edges):
            opened |= {(day, number)} if minute >= opens else set()
            closed |= {(day, number)} if minute >= closes else set()
            closed |= {(day - timedelta(days=1), number)}
        if at >= start:
            yield bool(opened - closed)
        at += MINUTE


def open_for(spans: Sequence[Span], amount: timedelta) -> datetime | None:
    """When these have been open for so long, if they are."""
    for span in spans:
        if span.end - span.start >= amount:
            return span.start + amount
        amount -= span.end - span.start
    return None


class TestSummerTime:
    @pytest.mark.parametrize(("zone", "week", "start", "minutes", "end"), CASES)
    def test_is_counted_as_it_passes(self, zone: str, week: str, start: str, minutes: int, end: str) -> None:
        hours = office(zone, dict.fromkeys(range(7), WEEKS[week]))
        found = advanced(hours, datetime.fromisoformat(start).astimezone(UTC), minutes * MINUTE)
        assert found == datetime.fromisoformat(end)

    def test_is_tried_in_forty_cases_over_eight_zones_from_2024_to_2030(self) -> None:
        assert (len(CASES), len({case[0] for case in CASES})) == (40, 8)
        assert {case[2][:4] for case in CASES} == {str(year) for year in range(2024, 2031)}

    def test_begins_what_it_skips_when_the_gap_is_over(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        skipped = [first_instant(berlin, date(2026, 3, 29), minute) for minute in (120, 150, 179, 180)]
        assert skipped == [datetime(2026, 3, 29, 1, tzinfo=UTC)] * 4

    def test_begins_what_it_repeats_the_first_time(self) -> None:
        berlin = ZoneInfo("Europe/Berlin")
        assert first_instant(berlin, date(2026, 10, 25), 150) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        assert first_instant(berlin, date(2026, 10, 25), 180) == datetime(2026, 10, 25, 2, tzinfo=UTC)

    def test_may_swallow_an_interval_whole(self) -> None:
        hours = office("Europe/Berlin", dict.fromkeys(range(7), ("02:10-02:50",)))
        start = datetime(2026, 3, 28, 12, tzinfo=UTC)
        assert advanced(hours, start, MINUTE) == datetime(2026, 3, 30, 0, 11, tzinfo=UTC)

    @settings(deadline=None, max_examples=30)
    @given(
        zone=st.sampled_from([*ZONES, "Africa/Cairo", "Europe/Lisbon"]),
        week=st.sampled_from(list(WEEKS)),
        year=st.integers(2024, 2030),
        hour=st.integers(0, 365 * 24),
    )
    def test_agrees_with_somebody_who_looks_at_the_clock(self, zone: str, week: str, year: int, hour: int) -> None:
        start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour)
        spans = office(zone, dict.fromkeys(range(7), WEEKS[week])).spans(start, start + timedelta(days=1))
        minutes = [span.kind == "open" for span in spans for _ in range((span.end - span.start) // MINUTE)]
        assert minutes == list(open_minutes(zone, WEEKS[week], start, 1_440))


class TestSpans:
    def test_tile_the_time_between_two_instants(self) -> None:
        start, end = datetime(2026, 3, 27, 10, 7, tzinfo=UTC), datetime(2026, 4, 2, 16, 1, tzinfo=UTC)
        spans = list(office("Europe/Rome", {0: ["09:00-12:00", "12:00-24:00"], 6: ["00:00-24:00"]}).spans(start, end))
        assert (spans[0].start, spans[-1].end) == (start, end)
        assert all(one.end == other.start for one, other in pairwise(spans))

    @settings(deadline=None, max_examples=60)
    @given(
        calendar=calendars(),
        after=st.integers(0, 10**7),
        length=st.integers(1, 10**7),
        seconds=st.sets(st.integers(1, 10**7), min_size=1, max_size=4),
    )
    def test_say_when_it_has_been_open_for_so_long(
        self, calendar: Hours, after: int, length: int, seconds: set[int]
    ) -> None:
        start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=after)
        end = start + timedelta(seconds=length)
        amounts = [timedelta(seconds=number) for number in sorted(seconds)]
        spans = [span for span in calendar.spans(start, end) if span.kind == "open"]
        assert calendar.reached(start, amounts, end) == [open_for(spans, amount) or end for amount in amounts]

    def test_say_so_also_of_what_ends_with_an_opening(self) -> None:
        """It is then, and not when the doors open again."""
        hours, monday = office("UTC", {0: ["09:00-12:00", "13:00-14:00"]}), datetime(2026, 3, 2, 10, tzinfo=UTC)
        amounts = [timedelta(hours=2), timedelta(hours=2, microseconds=1), timedelta(hours=3), timedelta(hours=4)]
        assert hours.reached(monday, amounts, monday + timedelta(days=30)) == [
            datetime(2026, 3, 2, 12, tzinfo=UTC),
            datetime(2026, 3, 2, 13, 0, 0, 1, tzinfo=UTC),
            datetime(2026, 3, 2, 14, tzinfo=UTC),
            datetime(2026, 3, 9, 10, tzinfo=UTC),
        ]

    def test_name_the_holiday_and_the_special_day(self) -> None:
        special = {
            date(2026, 12, 24): SpecialDay("Christmas Eve", ((540, 720),)),
            date(2026, 12, 25): SpecialDay("Day"),
        }
        hours = BusinessHours(ZoneInfo("UTC"), [[(540, 1_020)]] * 7, special.get)
        spans = list(hours.spans(datetime(2026, 12, 24, 8, tzinfo=UTC), datetime(2026, 12, 26, tzinfo=UTC)))
        assert [(span.kind, span.name) for span in spans] == [
            ("outside_hours", "Christmas Eve"),
            ("open", "Christmas Eve"),
            ("outside_hours", "Christmas Eve"),
            ("holiday", "Day"),
        ]

    def test_are_none_where_nothing_lies_between(self) -> None:
        now = datetime(2026, 3, 27, tzinfo=UTC)
        assert list(office("UTC", {0: ["09:00-12:00"]}).spans(now, now)) == []
