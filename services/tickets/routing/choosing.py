"""Who gets a ticket: pure, so that an explanation and a simulation say exactly what happens."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from services.tickets.calendars.hours import Hours
from services.tickets.routing.roster import FULL_HANDS, Crew, Profile, Worker
from services.tickets.teams.models import Strategy

# Why somebody does not get it, or that they could have.
Verdict = Literal["chosen", "next", "lacks_skills", "other_language", "had_it", "full", "absent", "outside_hours"]
# Obstacles that go away by themselves.
_PASSING: Final = frozenset({"absent", "outside_hours"})
_LOOK_AHEAD: Final = timedelta(days=31)
_INSTANT: Final = timedelta(microseconds=1)
_UNKNOWN: Final = Profile()


@dataclass(frozen=True, slots=True)
class Need:
    """What a ticket asks of who gets it. `crew` None: everybody may. `had_it`: from whom it was taken back."""

    ticket_id: UUID
    channel: str
    crew: Crew | None = None
    skills: frozenset[str] = frozenset()
    language: str | None = None
    had_it: UUID | None = None

    @property
    def strategy(self) -> Strategy:
        return self.crew.strategy if self.crew is not None else "least_load"


@dataclass(frozen=True, slots=True)
class Judged:
    """One candidate. `detail` says it in a few words."""

    worker: Worker
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`chance_at`: when the first could take it whose only obstacle is that they are not there now."""

    chosen: Worker | None
    judged: Sequence[Judged]
    chance_at: datetime | None


def choose(need: Need, staff: Iterable[Worker], profiles: Mapping[UUID, Profile], at: datetime) -> Choice:
    """Of those in the team, the first in the order of its strategy for whom nothing stands in the way."""
    judged = [
        _judge(need, worker, profiles.get(worker.user_id, _UNKNOWN), at)
        for worker in staff
        if need.crew is None or worker.user_id in need.crew.members
    ]
    able = sorted((one.worker for one in judged if one.verdict == "next"), key=_ORDER[need.strategy](need))
    chosen = able[0] if able else None
    passing = [one.worker for one in judged if one.verdict in _PASSING]
    moments = [_back(need, profiles.get(worker.user_id, _UNKNOWN), at) for worker in passing] if chosen is None else []
    return Choice(
        chosen,
        [Judged(chosen, "chosen", _WHY[need.strategy]) if one.worker is chosen else one for one in judged],
        min((moment for moment in moments if moment is not None), default=None),
    )


def _judge(need: Need, worker: Worker, profile: Profile, at: datetime) -> Judged:
    for verdict, detail in _obstacles(need, worker, profile, at):
        return Judged(worker, verdict, detail)
    return Judged(worker, "next", "could take it too")


def _obstacles(need: Need, worker: Worker, profile: Profile, at: datetime) -> Iterable[tuple[Verdict, str]]:
    """Those that last come first, so that who is only away is told from who would not get it anyway."""
    if missing := need.skills - profile.skills:
        yield "lacks_skills", f"lacks {', '.join(sorted(missing))}"
    if need.language and profile.languages and need.language not in profile.languages:
        yield "other_language", f"does not speak {need.language}"
    if worker.user_id == need.had_it:
        yield "had_it", "had it, and it was taken back"
    most = min(profile.capacity or FULL_HANDS, FULL_HANDS)
    if worker.open_tickets >= most:
        yield "full", f"has {worker.open_tickets} open, and takes {most} at once"
    of_channel, most = worker.at_hand.get(need.channel, 0), profile.channel_capacity.get(need.channel, FULL_HANDS)
    if of_channel >= most:
        yield "full", f"has {of_channel} open by {need.channel}, and takes {most} of these at once"
    is_away, until = _absence(profile, at)
    if is_away:
        yield "absent", "is away" if until is None else f"is away until {until:%Y-%m-%d %H:%M} UTC"
    if not _is_open(_hours(need, profile), at):
        yield "outside_hours", "does not work at this hour"


def _hours(need: Need, profile: Profile) -> Hours | None:
    return profile.hours or (need.crew.hours if need.crew is not None else None)


def _absence(profile: Profile, at: datetime) -> tuple[bool, datetime | None]:
    """Whether they are away, and until when; None: for good. Absences that touch are one."""
    moment = at
    for start, end in profile.absences:
        if start <= moment and (end is None or moment < end):
            if end is None:
                return True, None
            moment = end
    return moment > at, moment


def _is_open(hours: Hours | None, at: datetime) -> bool:
    return hours is None or any(span.kind == "open" for span in hours.spans(at, at + _INSTANT))


def _back(need: Need, profile: Profile, at: datetime) -> datetime | None:
    """When they are there again, within a month; None: nobody knows."""
    hours, moment, end = _hours(need, profile), at, at + _LOOK_AHEAD
    while moment < end:
        is_away, until = _absence(profile, moment)
        if until is None:
            return None
        if is_away:
            moment = until
            continue
        if hours is None:
            return moment
        opening = next((span.start for span in hours.spans(moment, end) if span.kind == "open"), None)
        if opening is None or opening == moment:
            return opening
        moment = opening
    return None


def _by_turn(need: Need) -> Callable[[Worker], tuple[str, bytes]]:
    return lambda worker: (_turn(need, worker)[0] or "", _lot(need, worker))


def _by_load(need: Need) -> Callable[[Worker], tuple[int, str, bytes]]:
    return lambda worker: (worker.open_tickets, _turn(need, worker)[0] or "", _lot(need, worker))


def _by_waiting(need: Need) -> Callable[[Worker], tuple[str, bytes]]:
    return lambda worker: (max(moment or "" for moment in _turn(need, worker)), _lot(need, worker))


def _turn(need: Need, worker: Worker) -> tuple[str | None, str | None]:
    return worker.turns.get(str(need.crew.id), (None, None)) if need.crew is not None else (None, None)


def _lot(need: Need, worker: Worker) -> bytes:
    """Between those who are equal: another order for each ticket, and the same one whenever it is looked at again."""
    return sha256(need.ticket_id.bytes + worker.user_id.bytes).digest()


_ORDER: Final[dict[Strategy, Callable[[Need], Callable[[Worker], tuple[object, ...]]]]] = {
    "round_robin": _by_turn,
    "least_load": _by_load,
    "longest_waiting": _by_waiting,
}
_WHY: Final[dict[Strategy, str]] = {
    "round_robin": "had their turn",
    "least_load": "had the fewest open tickets",
    "longest_waiting": "had been waiting for longest",
}
