"""Keeping the steps of tickets, and what each ticket adds up to, in step."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.dialects.postgresql import insert as upsert

from services.metrics.tickets.course import Course, Step, course_of
from services.metrics.tickets.models import TicketFact, TicketStep, TicketTarget
from shared.work import Work

# Columns of a fact that are called as in its course.
_SAME = (
    *("opened_at", "channel", "handled_by", "merged", "awaited_from", "replies", "first_reply_at"),
    *("first_reply_seconds", "first_resolved_at", "resolved_at", "resolution_seconds", "reopened_at", "reopenings"),
    *("escalations", "follow_up_at", "contacted_at", "re_measured_at", "rating_before", "rating_after", "customer_id"),
)
_STANDING = ("priority", "team_id", "assignee_id")


async def record(work: Work, told: Mapping[UUID, tuple[UUID, Step]]) -> None:
    """Event, ticket and step of each; those that are known change nothing."""
    if not told:
        return
    ticket_ids = {ticket_id for ticket_id, _ in told.values()}
    await hold(work, ticket_ids)
    rows = [
        {"account_id": work.account_id, "event_id": event_id, "ticket_id": ticket_id, **step._asdict()}
        for event_id, (ticket_id, step) in told.items()
    ]
    await work.session.execute(upsert(TicketStep).on_conflict_do_nothing(), rows)
    await recount(work, ticket_ids)


async def recount(work: Work, ticket_ids: Collection[UUID]) -> None:
    """Have the facts of these tickets say what their steps add up to."""
    courses = await courses_of(work, ticket_ids)
    for table in (TicketFact, TicketTarget):
        theirs = (table.account_id == work.account_id, table.ticket_id.in_(ticket_ids))
        await work.session.execute(delete(table).where(*theirs).execution_options(synchronize_session=False))
    await _write(work, TicketFact, (fact_of(work, ticket_id, course) for ticket_id, course in courses.items()))
    await _write(work, TicketTarget, targets_of(work, courses))


async def courses_of(work: Work, ticket_ids: Collection[UUID]) -> dict[UUID, Course]:
    """What the steps of these tickets add up to; without those that are not known to have been opened."""
    steps: dict[UUID, list[Step]] = defaultdict(list)
    mine = (TicketStep.account_id == work.account_id, TicketStep.ticket_id.in_(ticket_ids))
    for each in await work.session.scalars(select(TicketStep).where(*mine)):
        # Under whose identity it came; whom that is today, the fact finds by itself.
        claimed = each.origin_customer_id or each.customer_id
        steps[each.ticket_id].append(Step(each.version, each.at, each.kind, claimed, each.data))
    return {ticket_id: course for ticket_id in steps if (course := course_of(steps[ticket_id])) is not None}


async def forget_targets(work: Work, customer_ids: Collection[UUID]) -> None:
    """What was promised to these goes with their tickets."""
    owned = or_(TicketFact.customer_id.in_(customer_ids), TicketFact.origin_customer_id.in_(customer_ids))
    theirs = select(TicketFact.ticket_id).where(TicketFact.account_id == work.account_id, owned)
    mine = (TicketTarget.account_id == work.account_id, TicketTarget.ticket_id.in_(theirs))
    await work.session.execute(delete(TicketTarget).where(*mine).execution_options(synchronize_session=False))


async def _write(work: Work, table: type[TicketFact | TicketTarget], rows: Iterable[dict[str, Any]]) -> None:
    values = list(rows)
    if values:
        await work.session.execute(insert(table), values)


def fact_of(work: Work, ticket_id: UUID, course: Course) -> dict[str, Any]:
    return {
        "account_id": work.account_id,
        "ticket_id": ticket_id,
        **{name: getattr(course, name) for name in _SAME},
        **{name: getattr(course.standing, name) for name in _STANDING},
        "open_during": [Range(begun, ended) for begun, ended in course.spells],
    }


def targets_of(work: Work, courses: Mapping[UUID, Course]) -> Iterable[dict[str, Any]]:
    for ticket_id, course in courses.items():
        for wait, target in course.targets.items():
            yield {
                "account_id": work.account_id,
                "ticket_id": ticket_id,
                "target": wait.target,
                "due_at": target.due_at,
                "verdict": target.verdict,
            }


async def hold(work: Work, ticket_ids: Collection[UUID]) -> None:
    """One batch at a time for each ticket, which then sees all steps that were written before."""
    for name in sorted(f"steps of {ticket_id}" for ticket_id in ticket_ids):
        await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
