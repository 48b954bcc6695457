"""From what was told of a ticket to what it adds up to. Pure: the same steps in any order give the same course."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

from shared.contracts.tickets import TargetName

Verdict = Literal["met", "missed", "pending"]
HandledBy = Literal["bot", "human", "mixed"]

# There is one first answer and one solution; what is waited for again and again is told apart by when it was due.
_ONCE: Final = ("first_response", "resolution")
_OVER: Final = ("resolved", "closed", "merged")
# Of one version, in this order: what happened before what follows from it.
_ORDER: Final = ("opened", "reopened", "updated", "replied", "resolved", "reapplied", "missed", "met")


class Step(NamedTuple):
    version: int
    at: datetime
    kind: str
    customer_id: UUID | None
    data: dict[str, Any]


class Wait(NamedTuple):
    """For something that was promised; `again` is when it was due, if it can be waited for again, else None."""

    target: TargetName
    again: datetime | None


class Target(NamedTuple):
    due_at: datetime
    verdict: Verdict


@dataclass(slots=True)
class Standing:
    """Whose a ticket is, and how much it presses."""

    priority: str
    team_id: UUID | None
    assignee_id: UUID | None


@dataclass(slots=True)
class Course:
    """Replies are those by people, in public. `first_reply_seconds` and `resolution_seconds` are those on the ticket's
    own clock, which knows working hours and pauses.

    `standing` is that of when it was resolved, whatever becomes of it afterwards; while it is open, that of now.
    `resolved_at` is null while it is open again. The loop's first follow-up and contact count, and its last rating.
    """

    opened_at: datetime
    channel: str
    standing: Standing
    customer_id: UUID | None
    now: Standing
    handed_off_at: datetime | None = None
    merged: bool = False
    replies: int = 0
    first_reply_at: datetime | None = None
    first_reply_seconds: int | None = None
    first_resolved_at: datetime | None = None
    resolved_at: datetime | None = None
    resolution_seconds: int | None = None
    reopened_at: datetime | None = None
    reopenings: int = 0
    escalations: int = 0
    follow_up_at: datetime | None = None
    contacted_at: datetime | None = None
    re_measured_at: datetime | None = None
    rating_before: int | None = None
    rating_after: int | None = None
    spells: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    targets: dict[Wait, Target] = field(default_factory=dict)

    @property
    def handled_by(self) -> HandledBy:
        if self.handed_off_at is None:
            return "human"
        return "mixed" if self.replies else "bot"

    @property
    def awaited_from(self) -> datetime:
        """When people's first answer began to be waited for: opening, or being handed over by the assistant."""
        handed_off_at = self.handed_off_at
        if handed_off_at is None or (self.first_reply_at is not None and handed_off_at > self.first_reply_at):
            return self.opened_at
        return max(self.opened_at, handed_off_at)

    def take(self, step: Step) -> None:
        if step.customer_id is not None:
            self.customer_id = step.customer_id
        getattr(self, f"_{step.kind}")(step.at, step.data)

    def _updated(self, at: datetime, data: dict[str, Any]) -> None:
        self.now = _standing(data)
        if self.resolved_at is None:
            self.standing = self.now
        self.merged = data["state"] == "merged"
        if data["state"] in _OVER:
            self._end(at)
        else:
            self._begin(at)

    def _replied(self, at: datetime, data: dict[str, Any]) -> None:
        if not data["in_person"]:
            return
        self.replies += 1
        if self.first_reply_at is None:
            self.first_reply_at, self.first_reply_seconds = at, data["first_response_seconds"]

    def _resolved(self, at: datetime, data: dict[str, Any]) -> None:
        self.resolved_at = datetime.fromisoformat(data["resolved_at"])
        self.first_resolved_at = self.first_resolved_at or self.resolved_at
        self.resolution_seconds = data["resolution_seconds"]
        self._end(self.resolved_at)

    def _reopened(self, at: datetime, data: dict[str, Any]) -> None:
        self.reopenings += 1
        self.reopened_at = self.reopened_at or at
        self.resolved_at = self.resolution_seconds = None
        self.standing = self.now
        self._begin(at)
        known = self.targets.get(Wait("resolution", None))
        # What was missed stays so: it is the same solution that is waited for.
        if known is None or known.verdict != "missed":
            self._expect("resolution", data["resolution_due_at"])

    def _escalated(self, at: datetime, data: dict[str, Any]) -> None:
        self.escalations += 1

    def _handed_off(self, at: datetime, data: dict[str, Any]) -> None:
        handed_off_at = datetime.fromisoformat(data["handed_off_at"])
        self.handed_off_at = min(handed_off_at, self.handed_off_at or handed_off_at)

    def _met(self, at: datetime, data: dict[str, Any]) -> None:
        self._judge(data, "met")

    def _missed(self, at: datetime, data: dict[str, Any]) -> None:
        self._judge(data, "missed")

    def _reapplied(self, at: datetime, data: dict[str, Any]) -> None:
        """What is still waited for has another due time, and so has a miss that is none any more."""
        for target in _ONCE:
            known = self.targets.get(Wait(target, None))
            if known is None or known.verdict == "pending" or target in data["missed"]:
                self._expect(target, data[f"{target}_due_at"])
        for target in set(data["missed"]) - set(_ONCE):
            late = [wait for wait, known in self.targets.items() if wait.target == target and known.verdict == "missed"]
            if late:
                del self.targets[max(late, key=lambda wait: self.targets[wait].due_at)]

    def _loop(self, at: datetime, data: dict[str, Any]) -> None:
        self.rating_before = data["before"] if data["before"] is not None else self.rating_before
        match data["stage"]:
            case "needs_follow_up":
                self.follow_up_at = min(at, self.follow_up_at or at)
            case "contacted" if data["in_person"]:
                self.contacted_at = min(at, self.contacted_at or at)
            case "re_measured" if at >= (self.re_measured_at or at):
                self.re_measured_at, self.rating_after = at, data["after"]

    def _judge(self, data: dict[str, Any], verdict: Verdict) -> None:
        due_at = datetime.fromisoformat(data["due_at"])
        again = None if data["target"] in _ONCE else due_at
        self.targets[Wait(data["target"], again)] = Target(due_at, verdict)

    def _expect(self, target: TargetName, due: str | None) -> None:
        if due is None:
            self.targets.pop(Wait(target, None), None)
        else:
            self.targets[Wait(target, None)] = Target(datetime.fromisoformat(due), "pending")

    def _begin(self, at: datetime) -> None:
        if not self.spells or self.spells[-1][1] is not None:
            self.spells.append((at, None))

    def _end(self, at: datetime) -> None:
        begun, ended = self.spells[-1]
        if ended is None:
            self.spells[-1] = (begun, max(begun, at))


def course_of(steps: Sequence[Step]) -> Course | None:
    """None as long as it is not known that the ticket was opened."""
    ordered = sorted(steps, key=_place)
    opening = next((step for step in ordered if step.kind == "opened"), None)
    if opening is None:
        return None
    data = opening.data
    opened_at = datetime.fromisoformat(data["opened_at"])
    standing = _standing(data)
    course = Course(opened_at, data["channel"], standing, opening.customer_id, standing, spells=[(opened_at, None)])
    for target in _ONCE:
        course._expect(target, data[f"{target}_due_at"])
    for step in ordered:
        if step.kind != "opened":
            course.take(step)
    return course


def _place(step: Step) -> tuple[int, int, datetime]:
    known = _ORDER.index(step.kind) if step.kind in _ORDER else len(_ORDER)
    return step.version, known, step.at


def _standing(data: dict[str, Any]) -> Standing:
    team, assignee = data["team_id"], data["assignee_id"]
    return Standing(data["priority"], UUID(team) if team else None, UUID(assignee) if assignee else None)
