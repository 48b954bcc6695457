"""The arithmetic of targets: whatever happens to a ticket, its ledger adds up, and due times follow from it."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tickets.calendars.hours import AroundTheClock, Hours
from services.tickets.slas.clock import FURTHEST, Clock, Entry, Target, What, current, read
from shared.contracts.tickets import TicketState
from tests.tickets.slas.lives import START, at, calendars, hours, lives, moved, office, said, terms

unhurried = settings(deadline=None, max_examples=60)
MOMENTS = st.integers(0, 10**12).map(lambda microseconds: timedelta(microseconds=microseconds))
ALLOWED = st.integers(60, 20 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
MICROSECOND = timedelta(microseconds=1)
EIGHT_HOURS = timedelta(hours=8)


def one(
    entries: Sequence[Entry], target: Target, allowed: timedelta = EIGHT_HOURS, until: datetime | None = None
) -> Clock:
    """The latest clock of the target, around the clock."""
    return current(read(entries, terms(allowed), until or entries[-1].at))[target]


class TestTheLedger:
    @unhurried
    @given(entries=lives(), calendar=calendars(), later=MOMENTS)
    def test_covers_each_wait_without_gaps(self, entries: list[Entry], calendar: Hours, later: timedelta) -> None:
        until = entries[-1].at + later
        for clock in read(entries, terms(hours=calendar), until):
            end = clock.stop or until
            assert sum((segment.duration for segment in clock.segments), timedelta()) == end - clock.start
            assert all(before.end == after.start for before, after in pairwise(clock.segments))
            assert all(segment.duration > timedelta() for segment in clock.segments)
            if clock.segments:
                assert (clock.segments[0].start, clock.segments[-1].end) == (clock.start, end)
            parts = [(segment.kind, segment.state, segment.name) for segment in clock.segments]
            assert all(before != after for before, after in pairwise(parts))

    @unhurried
    @given(entries=lives(), calendar=calendars(), later=MOMENTS)
    def test_is_the_same_whatever_happens_after_it(
        self, entries: list[Entry], calendar: Hours, later: timedelta
    ) -> None:
        until = START + later
        known_then = [entry for entry in entries if entry.at <= until]
        assert read(entries, terms(hours=calendar), until) == read(known_then, terms(hours=calendar), until)

    @unhurried
    @given(entries=lives(), calendar=calendars(), later=MOMENTS, seed=st.randoms(use_true_random=False))
    def test_is_the_same_in_whatever_order_things_of_the_same_moment_are_told(
        self, entries: list[Entry], calendar: Hours, later: timedelta, seed: random.Random
    ) -> None:
        shuffled: list[Entry] = []
        for _, group in groupby(entries, key=lambda entry: entry.at):
            shuffled += _told_otherwise(list(group), seed)
        shuffled.sort(key=lambda entry: entry.at)
        until = entries[-1].at + later
        assert read(shuffled, terms(hours=calendar), until) == read(entries, terms(hours=calendar), until)

    @unhurried
    @given(entries=lives(), calendar=calendars(), cut=st.floats(0, 1), later=MOMENTS)
    def test_is_the_same_if_a_pause_is_split_in_two(
        self, entries: list[Entry], calendar: Hours, cut: float, later: timedelta
    ) -> None:
        """The state is entered once more in the midst of it."""
        until = entries[-1].at + later
        split: list[Entry] = []
        for entry, following in zip(entries, [*entries[1:], Entry(until, What.REPLIED)], strict=True):
            split.append(entry)
            if entry.what is What.MOVED:
                split.append(Entry(entry.at + (following.at - entry.at) * cut, What.MOVED, entry.state))
        assert read(split, terms(hours=calendar), until) == read(entries, terms(hours=calendar), until)

    def test_counts_pending_for_the_first_answer_but_not_for_the_work(self) -> None:
        life = [moved(0, "open"), moved(1, "pending"), moved(4, "open"), moved(6, "resolved")]
        assert one(life, Target.RESOLUTION, until=at(10)).elapsed == hours(3)
        assert one(life, Target.FIRST_RESPONSE, until=at(10)).elapsed == hours(6)

    def test_leaves_the_time_with_the_assistant_apart(self) -> None:
        life = [moved(0, "open"), said(0, What.WITH_ASSISTANT), said(2, What.HANDED_OVER), said(3, What.REPLIED)]
        first = one(life, Target.FIRST_RESPONSE)
        assert [(segment.kind, segment.duration) for segment in first.segments] == [
            ("with_assistant", hours(2)),
            ("running", hours(1)),
        ]
        assert first.due_at == at(10)

    def test_gives_a_reopened_ticket_to_people(self) -> None:
        """chatwoot #15068: an assistant that still thinks it has the ticket keeps every clock from running."""
        life = [moved(0, "open"), said(0, What.WITH_ASSISTANT), moved(1, "resolved"), moved(2, "open")]
        assert one(life, Target.RESOLUTION, until=at(5)).elapsed == hours(3)


class TestTheDueTime:
    @unhurried
    @given(entries=lives(), calendar=calendars(), allowed=ALLOWED)
    def test_is_when_the_clock_reaches_the_allowance(
        self, entries: list[Entry], calendar: Hours, allowed: timedelta
    ) -> None:
        agreed = terms(allowed, calendar)
        for clock in read(entries, agreed, entries[-1].at):
            if clock.stop is not None or clock.due_at is None or clock.due_at - entries[-1].at > FURTHEST / 2:
                continue
            known = {(later.target, later.start): later for later in read(entries, agreed, clock.due_at)}
            just_before = read(entries, agreed, clock.due_at - MICROSECOND)
            before = {(later.target, later.start): later for later in just_before}
            assert known[clock.target, clock.start].elapsed == allowed
            assert before[clock.target, clock.start].elapsed < allowed

    @unhurried
    @given(calendar=calendars(), allowed=ALLOWED, later=MOMENTS)
    def test_measured_again_is_what_was_added(self, calendar: Hours, allowed: timedelta, later: timedelta) -> None:
        opened = [Entry(START + later, What.MOVED, "open")]
        due = current(read(opened, terms(allowed, calendar), opened[0].at))[Target.RESOLUTION].due_at
        assert due is not None
        if due < opened[0].at + FURTHEST:
            assert current(read(opened, terms(allowed, calendar), due))[Target.RESOLUTION].elapsed == allowed

    @unhurried
    @given(entries=lives(), allowed=ALLOWED, pause=MOMENTS)
    def test_moves_by_exactly_as_long_as_the_ticket_was_pending(
        self, entries: list[Entry], allowed: timedelta, pause: timedelta
    ) -> None:
        last = entries[-1].at
        clock = one(entries, Target.RESOLUTION, allowed)
        if not clock.goes_on or clock.due_at is None or clock.due_at <= last:
            return
        paused = [*entries, Entry(last, What.MOVED, "pending"), Entry(last + pause, What.MOVED, clock.state)]
        assert one(paused, Target.RESOLUTION, allowed).due_at == clock.due_at + pause

    @pytest.mark.parametrize(
        ("moves", "due"),
        [
            ([(0, "open")], at(8)),
            ([(0, "new")], at(8)),
            ([(0, "open"), (2, "pending")], None),
            ([(0, "open"), (2, "on_hold")], None),
            ([(0, "open"), (2, "pending"), (5, "open")], at(11)),
            ([(0, "open"), (2, "resolved"), (50, "open")], at(56)),
            ([(0, "open"), (9, "pending")], at(8)),
            ([(0, "open"), (2, "pending"), (3, "resolved"), (5, "open"), (5, "pending")], None),
            ([(0, "open"), (2, "merged")], None),
            # What was met keeps the time by which it had to be.
            ([(0, "open"), (2, "resolved")], at(8)),
            ([(0, "open"), (2, "resolved"), (5, "closed")], at(8)),
        ],
    )
    def test_of_eight_hours(self, moves: list[tuple[float, TicketState]], due: datetime | None) -> None:
        assert one([moved(*move) for move in moves], Target.RESOLUTION).due_at == due

    def test_is_still_in_time(self) -> None:
        life = [moved(0, "open"), moved(8, "resolved")]
        assert one(life, Target.RESOLUTION).standing(at(9)) == "met"
        late = [life[0], Entry(at(8) + MICROSECOND, What.MOVED, "resolved")]
        assert one(late, Target.RESOLUTION).standing(at(9)) == "missed"

    def test_of_hours_that_never_suffice_is_far_away_and_found_quickly(self) -> None:
        rare = office("UTC", {0: ["09:00-09:01"]})
        due = current(read([moved(0, "open")], terms(timedelta(days=365), rare), START))[Target.RESOLUTION].due_at
        assert due == START + FURTHEST

    def test_of_warnings_comes_before_it(self) -> None:
        clock = current(read([moved(0, "open")], terms(warn_at=(75, 90)), START))[Target.RESOLUTION]
        assert clock.warnings == [(75, at(6)), (90, at(7.2))]


class TestTheWaits:
    def test_for_an_answer_begin_with_what_was_not_answered_yet(self) -> None:
        """zammad #3410: what the customer adds does not start the wait anew."""
        life = [moved(0, "open"), said(1, What.REPLIED)]
        life += [said(hour, What.WROTE) for hour in (2, 3)] + [said(4, What.REPLIED), said(6, What.WROTE)]
        clocks = [clock for clock in read(life, terms(), at(7)) if clock.target is Target.NEXT_RESPONSE]
        assert [(clock.start, clock.stop) for clock in clocks] == [(at(2), at(4)), (at(6), None)]

    def test_for_the_first_answer_are_no_others(self) -> None:
        """zammad #5177: another clock overruled the first response."""
        life = [moved(0, "open"), said(1, What.WROTE), said(2, What.WROTE), said(3, What.REPLIED)]
        assert [clock.target for clock in read(life, terms(), at(4))] == [
            Target.FIRST_RESPONSE,
            Target.RESOLUTION,
            Target.PERIODIC_UPDATE,
        ]

    def test_end_although_the_ticket_was_answered_late(self) -> None:
        """zammad #3140: it escalated although the agent had answered."""
        life = [moved(0, "open"), said(9, What.REPLIED)]
        assert one(life, Target.FIRST_RESPONSE, until=at(30)).standing(at(30)) == "missed"
        assert one(life, Target.FIRST_RESPONSE, until=at(30)).elapsed == hours(9)

    def test_for_the_next_word_go_from_word_to_word(self) -> None:
        life = [moved(0, "open"), said(1, What.REPLIED), said(5, What.REPLIED)]
        clocks = [clock for clock in read(life, terms(), at(6)) if clock.target is Target.PERIODIC_UPDATE]
        assert [(clock.start, clock.stop) for clock in clocks] == [(at(1), at(5)), (at(5), None)]

    def test_of_a_merged_ticket_are_over(self) -> None:
        """zammad #904: a merged ticket still escalated."""
        life = [moved(0, "open"), said(1, What.REPLIED), said(2, What.WROTE), moved(3, "merged")]
        clocks = current(read(life, terms(), at(30)))
        assert {clocks[target].standing(at(30)) for target in (Target.NEXT_RESPONSE, Target.RESOLUTION)} == {"stopped"}


class TestGoldenVectors:
    """Times of Monday to Friday are in the week of 2 March 2026."""

    FRIDAY = date(2026, 3, 6)

    def due(self, calendar: Hours, opened: datetime, allowed: timedelta) -> datetime | None:
        life = [Entry(opened, What.MOVED, "open")]
        return current(read(life, terms(allowed, calendar), opened))[Target.FIRST_RESPONSE].due_at

    def moment(self, text: str) -> datetime:
        return datetime.fromisoformat(f"{text}:00+00:00")

    def test_a_friday_afternoon_goes_on_on_monday(self) -> None:
        """chatwoot PR #13392."""
        working = office("UTC", working_days("09:00-17:00"))
        assert self.due(working, self.moment("2026-03-06T16:30"), hours(1)) == self.moment("2026-03-09T09:30")

    def test_and_on_tuesday_if_monday_is_a_holiday(self) -> None:
        closed = {date(2026, 3, 9): "Clean Monday"}
        working = office("UTC", working_days("09:00-17:00"), closed=closed)
        assert self.due(working, self.moment("2026-03-06T16:30"), hours(1)) == self.moment("2026-03-10T09:30")

    def test_lunch_does_not_count(self) -> None:
        """chatwoot #14009, frappe/helpdesk #2212."""
        working = office("UTC", working_days("08:00-12:00", "13:30-18:00"))
        assert self.due(working, self.moment("2026-03-04T11:45"), hours(1)) == self.moment("2026-03-04T14:15")

    def test_minor_holidays_show_in_the_ledger(self) -> None:
        """zammad #390: a target of 48 h became six days, and nobody saw why."""
        closed = {self.FRIDAY: "Feast of Friday", self.FRIDAY + timedelta(days=2): "Feast of Sunday"}
        working = office("UTC", dict.fromkeys(range(7), ("09:00-21:00",)), closed=closed)
        opened = self.moment("2026-03-04T23:00")
        due = self.due(working, opened, hours(48))
        assert due == self.moment("2026-03-10T21:00")
        life = [Entry(opened, What.MOVED, "open")]
        clock = current(read(life, terms(hours(48), working), due))[Target.FIRST_RESPONSE]
        ran = [(f"{segment.start:%a}", segment.duration) for segment in clock.segments if segment.runs]
        assert ran == [("Thu", hours(12)), ("Sat", hours(12)), ("Mon", hours(12)), ("Tue", hours(12))]
        assert [segment.name for segment in clock.segments if segment.kind == "holiday"] == [
            "Feast of Friday",
            "Feast of Sunday",
        ]

    def test_around_the_clock_is_around_the_clock(self) -> None:
        assert self.due(AroundTheClock(), self.moment("2026-03-06T16:30"), hours(1)) == self.moment("2026-03-06T17:30")


def working_days(*intervals: str) -> dict[int, tuple[str, ...]]:
    return dict.fromkeys(range(5), intervals)


def _told_otherwise(group: list[Entry], seed: random.Random) -> list[Entry]:
    """In another order; but moves come one after the other, the last one counts."""
    moves = iter([entry for entry in group if entry.what is What.MOVED])
    seed.shuffle(group)
    return [next(moves) if entry.what is What.MOVED else entry for entry in group]
