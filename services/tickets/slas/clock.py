"""The arithmetic of targets: pure functions over what happened to a ticket.

A target has clocks, one for each wait: for the first answer, for the answer to what the customer wrote since, for the
next word from us, for the end of it all. A wait is cut into segments that follow each other without a gap, and in each
the clock ran or stood still. Time on the clock is the sum of the segments that ran; nothing else is ever added or taken
away, so the ledger explains the clock to the microsecond, and due times, warnings and misses are read off it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal

from services.tickets.calendars.hours import Hours
from shared.contracts.tickets import TicketState


class Target(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    PERIODIC_UPDATE = "periodic_update"


class What(StrEnum):
    """What an entry says, in the order in which things count that happened at the same moment."""

    MOVED = "moved"
    WITH_ASSISTANT = "with_assistant"
    HANDED_OVER = "handed_over"
    WROTE = "wrote"
    REPLIED = "replied"


TARGETS: Final = tuple(Target)

SegmentKind = Literal["running", "outside_hours", "holiday", "paused", "with_assistant"]
Standing = Literal["running", "paused", "met", "missed", "stopped"]

# No clock runs in these, whatever a policy says: nobody waits, or the wait goes on in another ticket.
AT_REST: Final[frozenset[TicketState]] = frozenset({"resolved", "closed", "merged"})
# A due time that lies further away is put there: a year of hours that are open one hour a week is none.
FURTHEST: Final = timedelta(days=3_653)
_RANK: Final = {what: rank for rank, what in enumerate(What)}


@dataclass(frozen=True, slots=True)
class Entry:
    """A moment of the ticket's life. The first one is its opening: it moved into its first state.

    `wrote`: the customer, in person. `replied`: one of us, in person and in public; an automatic answer is none.
    Between `with_assistant` and `handed_over` the assistant has the ticket, and nobody's clock runs.
    """

    at: datetime
    what: What
    state: TicketState | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a policy promises for a ticket's priority: a target that is absent is not promised."""

    allowances: Mapping[Target, timedelta]
    paused_in: Mapping[Target, frozenset[TicketState]]
    warn_at: tuple[int, ...]
    hours: Hours
    _amounts: dict[Target, Sequence[timedelta]] = field(default_factory=dict, compare=False)

    def amounts(self, target: Target) -> Sequence[timedelta]:
        """What is on the clock at each warning and, last, when it is due."""
        known = self._amounts.get(target)
        if known is None:
            allowance = self.allowances[target]
            known = (*(allowance * percent / 100 for percent in self.warn_at), allowance)
            self._amounts[target] = known
        return known


# From when to when a ticket was in which state, and whether the assistant had it.
Stretch = tuple[datetime, datetime, TicketState, bool]


@dataclass(frozen=True, slots=True)
class Segment:
    """From `start` up to `end` the ticket was in `state`. `name` is that of the holiday or the special day."""

    start: datetime
    end: datetime
    kind: SegmentKind
    state: TicketState
    name: str | None = None

    @property
    def runs(self) -> bool:
        return self.kind == "running"

    @property
    def duration(self) -> timedelta:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Clock:
    """One wait, as far as it is known. `stop`: when it was over. `goes_on`: it is not, and the clock runs.

    `due_at` is when the clock reaches the allowance if it goes on as it does, or had it gone on from its stop; null
    while it stands still before that. `warnings` are the same for the percentages of the policy.
    """

    target: Target
    allowance: timedelta
    start: datetime
    stop: datetime | None
    segments: Sequence[Segment]
    state: TicketState
    goes_on: bool
    due_at: datetime | None
    warnings: Sequence[tuple[int, datetime]]

    @property
    def elapsed(self) -> timedelta:
        return elapsed(self.segments)

    def is_missed(self, now: datetime) -> bool:
        """A target is met by what happens at its due time, and missed by what happens after it."""
        return self.due_at is not None and self.state != "merged" and (self.stop or now) > self.due_at

    def standing(self, now: datetime) -> Standing:
        if self.is_missed(now):
            return "missed"
        if self.state == "merged":
            return "stopped"
        if self.stop is not None:
            return "met"
        if self.goes_on:
            return "running"
        return "stopped" if self.state in AT_REST else "paused"


def read(entries: Sequence[Entry], terms: Terms, until: datetime) -> list[Clock]:
    """All clocks that were ever started, by target and then by start. Entries after `until` are not known yet."""
    known = in_order(entry for entry in entries if entry.at <= until)
    life = list(_life(known, until))
    return [
        _clock(life, target, terms, start, stop)
        for target in TARGETS
        if target in terms.allowances
        for start, stop in waits(known, target)
    ]


def current(clocks: Sequence[Clock]) -> dict[Target, Clock]:
    """The latest clock of each target."""
    return {clock.target: clock for clock in clocks}


def in_order(entries: Iterator[Entry]) -> list[Entry]:
    """By time. What happened at the same moment counts in the order of `What`; moves keep the order they have."""
    return sorted(entries, key=lambda entry: (entry.at, _RANK[entry.what]))


def waits(entries: Sequence[Entry], target: Target) -> list[tuple[datetime, datetime | None]]:
    """From when to when somebody waited for this; the last wait may have no end yet."""
    opened = entries[0].at
    replies = [entry.at for entry in entries if entry.what is What.REPLIED]
    if target is Target.RESOLUTION:
        return [(opened, _came_to_rest(entries))]
    if target is Target.FIRST_RESPONSE:
        return [(opened, replies[0] if replies else None)]
    if not replies:
        return []
    if target is Target.PERIODIC_UPDATE:
        return list(zip(replies, [*replies[1:], None], strict=True))
    return list(_waits_for_an_answer(entries, replies[0]))


def _waits_for_an_answer(entries: Sequence[Entry], first_reply: datetime) -> Iterator[tuple[datetime, datetime | None]]:
    """From the first message that was not answered yet: what the customer adds to it is part of the same wait. Up to
    the first reply it is that one they wait for."""
    since: datetime | None = None
    for entry in entries:
        if entry.what is What.WROTE and since is None and entry.at > first_reply:
            since = entry.at
        elif entry.what is What.REPLIED and since is not None:
            yield since, entry.at
            since = None
    if since is not None:
        yield since, None


def _came_to_rest(entries: Sequence[Entry]) -> datetime | None:
    """Since when the ticket has been resolved or closed without being reopened."""
    since: datetime | None = None
    for entry in entries:
        if entry.what is What.MOVED:
            at_rest = entry.state in AT_REST
            since = (since or entry.at) if at_rest else None
    return since


def _clock(life: Sequence[Stretch], target: Target, terms: Terms, start: datetime, stop: datetime | None) -> Clock:
    _, until, state, with_assistant = life[-1]
    end = stop or until
    segments = _ledger(life, target, terms, start, end)
    goes_on = stop is None and not with_assistant and not _is_paused(state, target, terms)
    ahead = end if goes_on or (stop is not None and state != "merged") else None
    *warned, due_at = _reached(segments, terms.amounts(target), terms.hours, ahead)
    warnings = [(percent, at) for percent, at in zip(terms.warn_at, warned, strict=True) if at is not None]
    return Clock(target, terms.allowances[target], start, stop, segments, state, goes_on, due_at, warnings)


def _ledger(life: Sequence[Stretch], target: Target, terms: Terms, start: datetime, end: datetime) -> list[Segment]:
    """The segments from `start` to `end`, without gaps. There are none without length, and neighbours that say the same
    are one."""
    segments: list[Segment] = []
    for segment in _segments(life, target, terms, start, end):
        last = segments[-1] if segments else None
        if last is not None and (last.kind, last.state, last.name) == (segment.kind, segment.state, segment.name):
            segment = Segment(segments.pop().start, segment.end, segment.kind, segment.state, segment.name)
        segments.append(segment)
    return segments


def elapsed(segments: Sequence[Segment]) -> timedelta:
    """Time on the clock."""
    return sum((segment.duration for segment in segments if segment.runs), timedelta())


def _segments(
    life: Sequence[Stretch], target: Target, terms: Terms, start: datetime, end: datetime
) -> Iterator[Segment]:
    for begun, ended, state, with_assistant in life:
        since, until = max(begun, start), min(ended, end)
        if since >= until:
            continue
        if with_assistant:
            yield Segment(since, until, "with_assistant", state)
        elif _is_paused(state, target, terms):
            yield Segment(since, until, "paused", state)
        else:
            for span in terms.hours.spans(since, until):
                kind: SegmentKind = "running" if span.kind == "open" else span.kind
                yield Segment(span.start, span.end, kind, state, span.name)


def _life(entries: Sequence[Entry], until: datetime) -> Iterator[Stretch]:
    """Without gaps; the last stretch is the one that lasts, if only since `until`. Entries are in order."""
    since, state, with_assistant = entries[0].at, _first_state(entries), False
    for entry in entries:
        if entry.what in (What.WROTE, What.REPLIED):
            continue
        yield since, entry.at, state, with_assistant
        since = entry.at
        if entry.what is What.MOVED:
            before, state = state, entry.state or state
            if before in AT_REST and state not in AT_REST:
                with_assistant = False  # who reopens a ticket wants people
        else:
            with_assistant = entry.what is What.WITH_ASSISTANT
    yield since, until, state, with_assistant


def _first_state(entries: Sequence[Entry]) -> TicketState:
    state = entries[0].state
    if state is None:
        raise ValueError("the first entry of a ticket's life is its opening")
    return state


def _is_paused(state: TicketState, target: Target, terms: Terms) -> bool:
    return state in AT_REST or state in terms.paused_in[target]


def _reached(
    segments: Sequence[Segment], amounts: Sequence[timedelta], hours: Hours, ahead: datetime | None
) -> list[datetime | None]:
    """When the clock reaches each of the amounts, which rise. `ahead`: from when on it runs by the hours alone."""
    found: list[datetime | None] = []
    on_the_clock = timedelta()
    for segment in segments:
        if not segment.runs:
            continue
        while amounts[len(found)] <= on_the_clock + segment.duration:
            found.append(segment.start + (amounts[len(found)] - on_the_clock))
            if len(found) == len(amounts):
                return found
        on_the_clock += segment.duration
    left = [amount - on_the_clock for amount in amounts[len(found) :]]
    if ahead is None:
        return [*found, *(None for _ in left)]
    return [*found, *hours.reached(ahead, left, ahead + FURTHEST)]
