"""The arithmetic of targets: pure functions over segments of a ticket's life.

A ticket's life is cut into segments that follow each other without a gap, and in each the clock of a target ran or
stood still. Time on the clock is the sum of the segments that ran; nothing else is ever added or taken away, so the
ledger explains the clock to the microsecond. What else may stop a clock one day (hours when the shop is closed,
holidays) will cut segments further, and leave the sums as they are.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.contracts.tickets import TicketState

# A moment at which the ticket came into a state; the first one is its opening.
Entry = tuple[datetime, TicketState]


class Target(StrEnum):
    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


# A customer waits for a first answer also while the ticket is pending or on hold; the work rests then. A resolved
# ticket waits for nothing, and a merged one goes on elsewhere.
RUNS_IN: Final[dict[Target, frozenset[TicketState]]] = {
    Target.FIRST_RESPONSE: frozenset({"new", "open", "pending", "on_hold"}),
    Target.RESOLUTION: frozenset({"new", "open"}),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """From `start` up to `end` the ticket was in `state`, and the clock ran or stood still."""

    start: datetime
    end: datetime
    state: TicketState
    runs: bool

    @property
    def duration(self) -> timedelta:
        return self.end - self.start


def ledger(entries: Sequence[Entry], target: Target, until: datetime) -> list[Segment]:
    """The segments from the first entry up to `until`, without gaps. Entries come in order of time.

    Entries after `until` are left out, and segments without length; neighbours in the same state are one.
    """
    segments: list[Segment] = []
    ends = [at for at, _ in entries[1:]] + [until]
    for (start, state), following in zip(entries, ends, strict=True):
        end = min(following, until)
        if end <= start:
            continue
        if segments and segments[-1].state == state:
            start = segments.pop().start
        segments.append(Segment(start, end, state, state in RUNS_IN[target]))
    return segments


def elapsed(segments: Iterable[Segment]) -> timedelta:
    """Time on the clock."""
    return sum((segment.duration for segment in segments if segment.runs), timedelta())


def due_at(entries: Sequence[Entry], target: Target, allowance: timedelta) -> datetime | None:
    """When the clock reaches the allowance: in the past if it has, else on if it goes on as it is.

    None if the clock stands still now and has not reached it.
    """
    last_at, last_state = entries[-1]
    remaining = allowance
    for segment in ledger(entries, target, last_at):
        if not segment.runs:
            continue
        if segment.duration >= remaining:
            return segment.start + remaining
        remaining -= segment.duration
    return last_at + remaining if last_state in RUNS_IN[target] else None


def is_missed(due: datetime | None, stop: datetime) -> bool:
    """A target is met by what happens at its due time, and missed by what happens after it."""
    return due is not None and stop > due
