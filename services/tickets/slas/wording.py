"""What a ledger says, in words."""

from datetime import datetime, timedelta, tzinfo
from typing import Final

from services.tickets.slas.clock import Clock, Segment, SegmentKind, Standing, Target
from shared.contracts.tickets import TicketState

_WAITS: Final[dict[Target, str]] = {
    Target.FIRST_RESPONSE: "The customer waits for a first answer.",
    Target.NEXT_RESPONSE: "The customer waits for an answer to what they wrote.",
    Target.RESOLUTION: "The ticket is being worked on.",
    Target.PERIODIC_UPDATE: "The customer waits to hear how it stands.",
}
_AT_REST: Final[dict[TicketState, str]] = {
    "resolved": "The ticket was resolved: the clock stands still.",
    "closed": "The ticket was closed: the clock stands still.",
    "merged": "The ticket was merged into another one: the clock stands still.",
    "pending": "Pending, the customer's turn: the clock is paused.",
    "on_hold": "On hold: the clock is paused.",
}
_NAMES: Final[dict[Target, str]] = {
    Target.FIRST_RESPONSE: "The first answer",
    Target.NEXT_RESPONSE: "The answer",
    Target.RESOLUTION: "The solution",
    Target.PERIODIC_UPDATE: "The next word",
}
_BESIDE: Final[dict[SegmentKind, str]] = {
    "outside_hours": "outside hours",
    "holiday": "on holidays",
    "paused": "while paused",
    "with_assistant": "with the assistant",
}


def reason(target: Target, segment: Segment) -> str:
    """Why a segment is on the clock, or beside it."""
    if segment.kind == "running":
        return _WAITS[target]
    if segment.kind == "holiday":
        return f"Closed: {segment.name}."
    if segment.kind == "outside_hours":
        return f"Outside the hours of {segment.name}." if segment.name else "Outside business hours."
    if segment.kind == "with_assistant":
        return "The assistant had it: nobody's clock runs."
    return _AT_REST[segment.state]


def summary(one: Clock, standing: Standing, late_by: timedelta | None, zone: tzinfo) -> str:
    """`The first answer was due on Mon 2 Mar 2026, 10:00 CET, and is 30 minutes late. ...`"""
    sentences = [_outcome(one, standing, late_by, zone)]
    sentences.append(f"Of {spoken(one.allowance)} allowed, {spoken(one.elapsed)} are used up.")
    beside = [f"{spoken(length)} {_words(kind, one)}" for kind, length in _sums(one).items() if length]
    if beside:
        sentences.append(f"Not counted: {', '.join(beside)}.")
    return " ".join(sentences)


def _outcome(one: Clock, standing: Standing, late_by: timedelta | None, zone: tzinfo) -> str:
    name = _NAMES[one.target]
    if one.due_at is None:
        return f"{name} has no due time now: its clock stands still."
    due = f"{name} was due on {moment(one.due_at, zone)}"
    if late_by is not None:
        return f"{due}, and came {spoken(late_by)} late." if one.stop else f"{due}, and is {spoken(late_by)} late."
    if standing == "met" and one.stop is not None:
        return f"{due}, and came in time, on {moment(one.stop, zone)}."
    return f"{name} is due on {moment(one.due_at, zone)}."


def _words(kind: SegmentKind, one: Clock) -> str:
    if kind != "holiday":
        return _BESIDE[kind]
    names = list(dict.fromkeys(str(segment.name) for segment in one.segments if segment.kind == "holiday"))
    return f"on holidays ({', '.join(names)})"


def _sums(one: Clock) -> dict[SegmentKind, timedelta]:
    sums: dict[SegmentKind, timedelta] = dict.fromkeys(_BESIDE, timedelta())
    for segment in one.segments:
        if not segment.runs:
            sums[segment.kind] += segment.duration
    return sums


def moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def spoken(length: timedelta) -> str:
    """`2 days 3 hours`, the two largest units, rounded down; `less than a minute` below that."""
    minutes = int(length.total_seconds()) // 60
    parts = (("day", minutes // 1_440), ("hour", minutes // 60 % 24), ("minute", minutes % 60))
    words = [f"{number} {unit}{'' if number == 1 else 's'}" for unit, number in parts if number]
    return " ".join(words[:2]) or "less than a minute"
