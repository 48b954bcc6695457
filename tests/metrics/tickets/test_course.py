"""What a ticket adds up to: the same, in whatever order it is told."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.metrics.tickets.course import Course, Step, Target, Wait, course_of
from shared.ids import new_id

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OPEN = {"priority": "normal", "team_id": None, "assignee_id": None}
ANA = str(new_id())


def after(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def step(version: int, hours: float, kind: str, **data: Any) -> Step:
    return Step(version, after(hours), kind, None, {"in_person": True} | data)


def opened() -> Step:
    due = {"first_response_due_at": after(4).isoformat(), "resolution_due_at": after(24).isoformat()}
    return step(1, 0, "opened", opened_at=NOON.isoformat(), channel="email", **OPEN, **due)


def resolved(version: int, hours: float) -> Step:
    return step(version, hours, "resolved", resolved_at=after(hours).isoformat(), resolution_seconds=60)


def reopened(version: int, hours: float) -> Step:
    return step(version, hours, "reopened", resolution_due_at=after(30).isoformat())


def judged(version: int, kind: str, target: str, due: float) -> Step:
    return step(version, due, kind, target=target, due_at=after(due).isoformat())


def course(*steps: Step) -> Course:
    found = course_of([opened(), *steps])
    assert found is not None
    return found


class TestATicket:
    def test_counts_for_nothing_until_it_is_known_to_be_open(self) -> None:
        assert course_of([resolved(2, 3)]) is None

    def test_is_the_same_in_any_order(self) -> None:
        steps = [
            opened(),
            step(2, 1, "updated", state="open", **OPEN | {"assignee_id": ANA}),
            step(3, 2, "replied", first_response_seconds=7200),
            judged(3, "met", "first_response", 4),
            resolved(4, 5),
            judged(4, "met", "resolution", 24),
            reopened(5, 6),
            step(6, 7, "updated", state="pending", **OPEN),
            resolved(7, 8),
            step(8, 9, "updated", state="closed", **OPEN),
        ]
        told = course_of(steps)
        for seed in range(20):
            assert course_of(random.Random(seed).sample(steps, len(steps))) == told
        assert told is not None
        assert told.spells == [(NOON, after(5)), (after(6), after(8))]
        assert (told.first_resolved_at, told.resolved_at, told.reopenings) == (after(5), after(8), 1)

    def test_belongs_to_who_had_it_when_it_was_resolved(self) -> None:
        mine = step(2, 1, "updated", state="open", **OPEN | {"assignee_id": ANA})
        nobodys = step(4, 3, "updated", state="closed", **OPEN)
        assert str(course(mine, resolved(3, 2), nobodys).standing.assignee_id) == ANA
        assert course(mine, resolved(3, 2), nobodys, reopened(5, 4)).standing.assignee_id is None

    def test_that_was_reopened_has_no_solution(self) -> None:
        told = course(resolved(2, 1), reopened(3, 2))
        assert (told.resolved_at, told.resolution_seconds, told.first_resolved_at) == (None, None, after(1))

    def test_is_answered_by_people_only(self) -> None:
        by_rule = step(2, 1, "replied", first_response_seconds=None, in_person=False)
        told = course(by_rule, step(3, 2, "replied", first_response_seconds=90))
        assert (told.replies, told.first_reply_at, told.first_reply_seconds) == (1, after(2), 90)

    def test_is_waited_for_from_the_handoff_on(self) -> None:
        handoff = step(9, 1, "handed_off", handed_off_at=after(1).isoformat())
        assert (course().handled_by, course(handoff).handled_by) == ("human", "bot")
        told = course(handoff, step(3, 2, "replied", first_response_seconds=90))
        assert (told.handled_by, told.awaited_from) == ("mixed", after(1))

    def test_that_is_merged_is_no_work_any_more(self) -> None:
        told = course(step(2, 3, "updated", state="merged", **OPEN))
        assert (told.merged, told.spells) == (True, [(NOON, after(3))])


class TestTargets:
    def test_are_pending_until_they_are_judged(self) -> None:
        told = course(judged(2, "missed", "first_response", 4))
        assert told.targets[Wait("first_response", None)] == Target(after(4), "missed")
        assert told.targets[Wait("resolution", None)] == Target(after(24), "pending")

    def test_of_each_wait_count(self) -> None:
        told = course(judged(2, "met", "next_response", 5), judged(3, "missed", "next_response", 9))
        waits = [target for wait, target in told.targets.items() if wait.target == "next_response"]
        assert waits == [Target(after(5), "met"), Target(after(9), "missed")]

    @pytest.mark.parametrize(("kind", "verdict"), [("met", "pending"), ("missed", "missed")])
    def test_of_a_solution_are_open_again_after_a_reopening_unless_missed(self, kind: str, verdict: str) -> None:
        told = course(judged(2, kind, "resolution", 24), resolved(2, 3), reopened(3, 4))
        assert told.targets[Wait("resolution", None)].verdict == verdict

    def test_that_were_missed_by_an_older_policy_are_taken_back(self) -> None:
        due = {"first_response_due_at": after(8).isoformat(), "resolution_due_at": None}
        again = step(3, 5, "reapplied", missed=["first_response", "next_response"], **due)
        told = course(judged(2, "missed", "first_response", 4), judged(2, "missed", "next_response", 4.5), again)
        assert told.targets == {Wait("first_response", None): Target(after(8), "pending")}


class TestALoop:
    def test_counts_its_first_contact_by_a_person_and_its_last_rating(self) -> None:
        def loop(hours: float, stage: str, rating: int | None = None, **data: Any) -> Step:
            return step(2, hours, "loop", stage=stage, before=20, after=rating, **data)

        steps = [loop(0, "needs_follow_up"), loop(1, "contacted", in_person=False), loop(2, "contacted")]
        steps += [loop(3, "re_measured", 30), loop(4, "needs_follow_up"), loop(5, "contacted")]
        steps += [loop(6, "re_measured", 90)]
        for told in (course(*steps), course(*reversed(steps))):
            assert (told.follow_up_at, told.contacted_at, told.re_measured_at) == (NOON, after(2), after(6))
            assert (told.rating_before, told.rating_after) == (20, 90)
