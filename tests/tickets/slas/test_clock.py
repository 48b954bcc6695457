"""The arithmetic of targets: whatever happens to a ticket, its ledger adds up, and due times follow from it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.tickets.cases.states import check_way
from services.tickets.slas.clock import RUNS_IN, Entry, Target, due_at, elapsed, is_missed, ledger
from shared.contracts.tickets import TicketState
from shared.http.errors import Conflict

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STATES: tuple[TicketState, ...] = ("open", "pending", "resolved", "closed")
unhurried = settings(deadline=None)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@st.composite
def lives(draw: st.DrawFn) -> list[Entry]:
    """What may happen to a ticket: it is paused, resumed, resolved, reopened, closed, replied to, in any order that its
    states allow, at moments down to the microsecond and sometimes at the same one."""
    entries: list[Entry] = [(START, "open")]
    gaps = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 10 * 86_400_000_000))
    for wanted in draw(st.lists(st.sampled_from(STATES), max_size=25)):
        moment, state = entries[-1]
        try:
            check_way(state, wanted)
        except Conflict:
            continue
        entries.append((moment + timedelta(microseconds=draw(gaps)), wanted))
    return entries


def ticking(entries: list[Entry], target: Target, until: datetime) -> timedelta:
    """The same, counted another way: each stretch between two entries by itself."""
    total = timedelta()
    for (start, state), (end, _) in pairwise([*entries, (until, "closed")]):
        if state in RUNS_IN[target] and min(end, until) > start:
            total += min(end, until) - start
    return total


class TestTheLedger:
    @unhurried
    @given(entries=lives(), target=st.sampled_from(list(Target)), later=st.integers(0, 10**12))
    def test_covers_the_whole_life_without_gaps(self, entries: list[Entry], target: Target, later: int) -> None:
        until = entries[-1][0] + timedelta(microseconds=later)
        segments = ledger(entries, target, until)
        assert sum((segment.duration for segment in segments), timedelta()) == until - START
        assert all(before.end == after.start for before, after in pairwise(segments))
        assert all(before.state != after.state for before, after in pairwise(segments))
        assert all(segment.duration > timedelta() for segment in segments)
        if segments:
            assert (segments[0].start, segments[-1].end) == (START, until)

    @unhurried
    @given(entries=lives(), target=st.sampled_from(list(Target)), later=st.integers(0, 10**12))
    def test_adds_up_to_the_time_on_the_clock_exactly(self, entries: list[Entry], target: Target, later: int) -> None:
        until = entries[-1][0] + timedelta(microseconds=later)
        assert elapsed(ledger(entries, target, until)) == ticking(entries, target, until)

    @unhurried
    @given(entries=lives(), target=st.sampled_from(list(Target)), cut=st.floats(0, 1))
    def test_is_the_same_whatever_happens_after_it(self, entries: list[Entry], target: Target, cut: float) -> None:
        until = START + (entries[-1][0] - START) * cut
        known_then = [entry for entry in entries if entry[0] <= until]
        assert ledger(entries, target, until) == ledger(known_then, target, until)

    def test_counts_pending_for_the_first_answer_but_not_for_the_work(self) -> None:
        entries: list[Entry] = [(at(0), "open"), (at(1), "pending"), (at(4), "open"), (at(6), "resolved")]
        assert elapsed(ledger(entries, Target.RESOLUTION, at(10))) == hours(3)
        assert elapsed(ledger(entries, Target.FIRST_RESPONSE, at(10))) == hours(6)


class TestTheDueTime:
    @unhurried
    @given(entries=lives(), target=st.sampled_from(list(Target)), allowance=st.integers(1, 40 * 86_400))
    def test_is_when_the_clock_reaches_the_allowance(
        self, entries: list[Entry], target: Target, allowance: int
    ) -> None:
        allowed = timedelta(seconds=allowance)
        due = due_at(entries, target, allowed)
        if due is None:
            assert entries[-1][1] not in RUNS_IN[target]
            assert elapsed(ledger(entries, target, entries[-1][0] + timedelta(days=400))) < allowed
        else:
            assert elapsed(ledger(entries, target, due)) == allowed
            assert elapsed(ledger(entries, target, due - timedelta(microseconds=1))) < allowed

    @unhurried
    @given(entries=lives(), allowance=st.integers(1, 40 * 86_400), pause=st.integers(1, 10**12))
    def test_moves_by_exactly_as_long_as_the_ticket_was_pending(
        self, entries: list[Entry], allowance: int, pause: int
    ) -> None:
        allowed, resumed_after = timedelta(seconds=allowance), timedelta(microseconds=pause)
        last_at, last_state = entries[-1]
        due = due_at(entries, Target.RESOLUTION, allowed)
        if last_state != "open" or due is None or due <= last_at:
            return
        paused: list[Entry] = [*entries, (last_at, "pending"), (last_at + resumed_after, "open")]
        assert due_at(paused, Target.RESOLUTION, allowed) == due + resumed_after

    @pytest.mark.parametrize(
        ("entries", "due"),
        [
            ([(at(0), "open")], at(8)),
            ([(at(0), "open"), (at(2), "pending")], None),
            ([(at(0), "open"), (at(2), "pending"), (at(5), "open")], at(11)),
            ([(at(0), "open"), (at(2), "resolved")], None),
            ([(at(0), "open"), (at(2), "resolved"), (at(50), "open")], at(56)),
            ([(at(0), "open"), (at(9), "pending")], at(8)),
            ([(at(0), "open"), (at(2), "pending"), (at(3), "resolved"), (at(5), "open"), (at(5), "pending")], None),
        ],
    )
    def test_of_eight_hours(self, entries: list[Entry], due: datetime | None) -> None:
        assert due_at(entries, Target.RESOLUTION, hours(8)) == due

    def test_is_still_in_time(self) -> None:
        assert not is_missed(at(1), at(1))
        assert is_missed(at(1), at(1) + timedelta(microseconds=1))
        assert not is_missed(None, at(1))
