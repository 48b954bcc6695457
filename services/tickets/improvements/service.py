"""Improvements: planned, worked on, and shipped or dropped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select

from services.tickets.improvements import audience
from services.tickets.improvements.models import Improvement, Remedy
from services.tickets.improvements.schemas import ImprovementPatch, NewImprovement, stored
from services.tickets.problems import service as problems
from services.tickets.problems.models import Problem
from shared.contracts.activities import ActivityAmount
from shared.contracts.problems import ExpectedChange, ImprovementChanged, ImprovementShipped
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

# What was dropped may be planned again; what is shipped stays so.
_WAYS: Final = {
    "planned": {"in_progress", "dropped"},
    "in_progress": {"planned", "dropped"},
    "dropped": {"planned"},
    "shipped": set[str](),
}
_TO_SHIP: Final = ("planned", "in_progress")


class NoSuchImprovement(NotFound):
    """There is no such improvement."""


class NoWayThere(Conflict):
    """An improvement in this state cannot go to that one."""

    code = "no_way_there"


async def create(work: Work, body: NewImprovement) -> Improvement:
    """Raises `Unacceptable` for the owner or unknown problems."""
    await problems.check_owner(work, body.owner_id)
    values = stored({name: getattr(body, name) for name in NewImprovement.model_fields if name != "problem_ids"})
    improvement = Improvement(
        id=new_id(), account_id=work.account_id, version=1, created_at=work.now, updated_at=work.now, **values
    )
    work.session.add(improvement)
    await work.session.flush()
    await _set_problems(work, improvement, body.problem_ids)
    _announce(work, improvement)
    return improvement


async def edit(work: Work, improvement_id: UUID, patch: ImprovementPatch, expected: int | None) -> Improvement:
    """Raises `NoSuchImprovement`, `StaleVersion`, `NoWayThere` or `Unacceptable`."""
    improvement = await find(work, improvement_id, lock=True)
    check_match(expected, improvement.version)
    wanted = differing(improvement, patch.sent())
    _check_way(improvement.state, wanted.get("state", improvement.state))
    await problems.check_owner(work, wanted.get("owner_id"))
    others = patch.problem_ids is not None and set(patch.problem_ids) != set(await problem_ids(work, improvement_id))
    if not wanted and not others:
        return improvement
    change(work, improvement, wanted)
    if others:
        await _set_problems(work, improvement, patch.problem_ids or [])
    _announce(work, improvement)
    await work.session.flush()
    return improvement


async def ship(work: Work, improvement_id: UUID, at: datetime | None, expected: int | None) -> Improvement:
    """Its problems that are not over are fixed by it. What is shipped already stays so.

    Raises `NoSuchImprovement`, `StaleVersion`, `NoWayThere`, or `Unacceptable` for a time to come.
    """
    improvement = await find(work, improvement_id, lock=True)
    check_match(expected, improvement.version)
    if improvement.state == "shipped":
        return improvement
    if improvement.state not in _TO_SHIP:
        raise NoWayThere("A dropped improvement is planned again before it is shipped.")
    if at is not None and at > work.now:
        raise Unacceptable.field("/shipped_at", "future", "What is shipped is there already.")
    change(work, improvement, {"state": "shipped", "shipped_at": at or work.now})
    solved = await _problems_of(work, improvement_id)
    for problem in solved:
        if problem.state not in problems.OVER:
            problems.change(work, problem, {"state": "fixed"})
    _announce(work, improvement)
    await work.session.flush()
    await _announce_shipping(work, improvement, solved)
    return improvement


async def find(work: Work, improvement_id: UUID, *, lock: bool = False) -> Improvement:
    """Raises `NoSuchImprovement`."""
    mine = (Improvement.account_id == work.account_id) & (Improvement.id == improvement_id)
    statement = select(Improvement).where(mine)
    improvement: Improvement | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if improvement is None:
        raise NoSuchImprovement
    return improvement


async def problem_ids(work: Work, improvement_id: UUID) -> Sequence[UUID]:
    mine = (Remedy.account_id == work.account_id) & (Remedy.improvement_id == improvement_id)
    return (await work.session.scalars(select(Remedy.problem_id).where(mine).order_by(Remedy.problem_id))).all()


async def _problems_of(work: Work, improvement_id: UUID) -> Sequence[Problem]:
    """Locked, in one order."""
    ids = await problem_ids(work, improvement_id)
    statement = select(Problem).where(Problem.account_id == work.account_id, Problem.id.in_(ids)).order_by(Problem.id)
    return (await work.session.scalars(statement.with_for_update())).all()


async def _set_problems(work: Work, improvement: Improvement, wanted: Sequence[UUID]) -> None:
    mine = (Problem.account_id == work.account_id) & Problem.id.in_(wanted)
    known = set(await work.session.scalars(select(Problem.id).where(mine)))
    missing = tuple(
        FieldProblem(f"/problem_ids/{place}", "unknown_problem", "There is no such problem.")
        for place, problem_id in enumerate(wanted)
        if problem_id not in known
    )
    if missing:
        raise Unacceptable("Some problems do not exist; `errors` says which.", errors=missing)
    await work.session.execute(delete(Remedy).where(Remedy.improvement_id == improvement.id))
    work.session.add_all(
        Remedy(account_id=work.account_id, improvement_id=improvement.id, problem_id=problem_id)
        for problem_id in wanted
    )
    await work.session.flush()


def _check_way(state: str, to: str) -> None:
    if state != to and to not in _WAYS[state]:
        raise NoWayThere(f"An improvement that is {state} cannot become {to}.")


def _announce(work: Work, improvement: Improvement) -> None:
    changed = ImprovementChanged(
        improvement_id=improvement.id,
        title=improvement.title,
        state=improvement.state,
        owner_id=improvement.owner_id,
    )
    work.emit(changed, subject=improvement.id, version=improvement.version)


async def _announce_shipping(work: Work, improvement: Improvement, solved: Sequence[Problem]) -> None:
    assert improvement.shipped_at is not None
    cost = expected = None
    if improvement.cost_amount is not None and improvement.cost_currency is not None:
        cost = ActivityAmount(amount=improvement.cost_amount, currency=improvement.cost_currency)
    if improvement.metric is not None and improvement.expected_change is not None:
        expected = ExpectedChange.model_validate({"metric": improvement.metric, "change": improvement.expected_change})
    reach = await audience.reach(work, improvement.id)
    shipped = ImprovementShipped(
        improvement_id=improvement.id,
        title=improvement.title,
        problem_ids=tuple(problem.id for problem in solved),
        causes=tuple(sorted({problem.cause for problem in solved if problem.cause is not None})),
        shipped_at=improvement.shipped_at,
        expected=expected,
        cost=cost,
        affected_customers=reach.asked,
    )
    work.emit(shipped, subject=improvement.id, version=improvement.version)
