"""Problems, and which tickets and feedback come from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, any_, cast, func, literal, select, union_all
from sqlalchemy import delete as delete_rows
from sqlalchemy.dialects.postgresql import ARRAY, insert

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.causes import service as causes
from services.tickets.feedback.models import KnownFeedback
from services.tickets.people import service as people
from services.tickets.problems.models import LinkKind, Problem, ProblemLink
from services.tickets.problems.schemas import LinkItem, Links, NewProblem, ProblemPatch
from shared import editing
from shared.contracts.problems import ProblemChanged
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

# Nobody works on it any more.
OVER: Final = ("fixed", "closed")


class NoSuchProblem(NotFound):
    """There is no such problem."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is linked, and how many different customers are behind it."""

    tickets: int = 0
    feedback: int = 0
    customers: int = 0


async def create(work: Work, body: NewProblem) -> Problem:
    """Raises `Unacceptable` for the cause, the owner, or what cannot be linked."""
    await _check(work, body.cause, body.owner_id)
    problem = Problem(
        id=new_id(),
        account_id=work.account_id,
        title=body.title,
        description=body.description,
        cause=body.cause,
        state=body.state,
        owner_id=body.owner_id,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        closed_at=work.now if body.state == "closed" else None,
    )
    work.session.add(problem)
    await work.session.flush()
    await link(work, problem, body)
    _announce(work, problem)
    return problem


async def edit(work: Work, problem_id: UUID, patch: ProblemPatch, expected: int | None) -> Problem:
    """Raises `NoSuchProblem`, `StaleVersion` or `Unacceptable`."""
    problem = await find(work, problem_id, lock=True)
    check_match(expected, problem.version)
    wanted = editing.differing(problem, patch.model_dump(exclude_unset=True))
    if not wanted:
        return problem
    await _check(work, wanted.get("cause"), wanted.get("owner_id"))
    change(work, problem, wanted)
    await work.session.flush()
    return problem


def change(work: Work, problem: Problem, wanted: Mapping[str, Any]) -> None:
    """The problem is locked."""
    editing.change(work, problem, wanted)
    if "state" in wanted:
        problem.closed_at = work.now if problem.state == "closed" else None
    _announce(work, problem)


async def find(work: Work, problem_id: UUID, *, lock: bool = False) -> Problem:
    """Raises `NoSuchProblem`."""
    statement = select(Problem).where(Problem.account_id == work.account_id, Problem.id == problem_id)
    problem: Problem | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if problem is None:
        raise NoSuchProblem
    return problem


async def link(work: Work, problem: Problem, wanted: Links) -> list[LinkItem]:
    """What is there is linked; what is linked already stays so."""
    known = await _known(work, wanted)
    rows = [
        {
            "account_id": work.account_id,
            "problem_id": problem.id,
            "kind": kind,
            "target_id": target_id,
            "linked_at": work.now,
            "linked_by": str(work.actor),
        }
        for kind, target_id in _named(wanted)
        if target_id in known[kind]
    ]
    linked: set[tuple[LinkKind, UUID]] = set()
    if rows:
        statement = insert(ProblemLink).values(rows).on_conflict_do_nothing()
        found = await work.session.execute(statement.returning(ProblemLink.kind, ProblemLink.target_id))
        linked = {(kind, target_id) for kind, target_id in found}
    items = []
    for kind, target_id in _named(wanted):
        is_known = target_id in known[kind]
        outcome = "linked" if (kind, target_id) in linked else "unchanged" if is_known else "unknown"
        items.append(LinkItem.model_validate({"kind": kind, "id": target_id, "outcome": outcome}))
    return items


async def unlink(work: Work, problem: Problem, wanted: Links) -> list[LinkItem]:
    """What was not linked stays so."""
    gone: set[tuple[LinkKind, UUID]] = set()
    for kind, ids in (("ticket", wanted.ticket_ids), ("feedback", wanted.feedback_ids)):
        mine = (ProblemLink.problem_id == problem.id) & (ProblemLink.kind == kind)
        statement = delete_rows(ProblemLink).where(mine, ProblemLink.target_id == among(ids))
        found = await work.session.execute(statement.returning(ProblemLink.kind, ProblemLink.target_id))
        gone |= {(kind_, target_id) for kind_, target_id in found}
    items = []
    for kind_, target_id in _named(wanted):
        outcome = "unlinked" if (kind_, target_id) in gone else "unchanged"
        items.append(LinkItem.model_validate({"kind": kind_, "id": target_id, "outcome": outcome}))
    return items


def linked_tickets(work: Work, problem_id: UUID) -> Select[Ticket, ProblemLink]:
    mine = (ProblemLink.account_id == work.account_id) & (ProblemLink.problem_id == problem_id)
    joined = select(Ticket, ProblemLink).join(ProblemLink, ProblemLink.target_id == Ticket.id)
    return joined.where(mine, ProblemLink.kind == "ticket", *access.visible(work))


def linked_feedback(work: Work, problem_id: UUID) -> Select[KnownFeedback, ProblemLink]:
    """Without what was taken back since."""
    mine = (ProblemLink.account_id == work.account_id) & (ProblemLink.problem_id == problem_id)
    same = (ProblemLink.target_id == KnownFeedback.feedback_id) & (ProblemLink.account_id == KnownFeedback.account_id)
    joined = select(KnownFeedback, ProblemLink).join(ProblemLink, same)
    return joined.where(mine, ProblemLink.kind == "feedback", KnownFeedback.gone.is_(False))


async def extents(work: Work, problem_ids: Sequence[UUID]) -> dict[UUID, Extent]:
    """How much is linked to each of them."""
    mine = (ProblemLink.account_id == work.account_id) & (ProblemLink.problem_id == among(problem_ids))
    of_tickets = (
        select(ProblemLink.problem_id, ProblemLink.kind, Ticket.customer_id)
        .join(Ticket, Ticket.id == ProblemLink.target_id)
        .where(mine, ProblemLink.kind == "ticket")
    )
    same = (ProblemLink.target_id == KnownFeedback.feedback_id) & (ProblemLink.account_id == KnownFeedback.account_id)
    of_feedback = (
        select(ProblemLink.problem_id, ProblemLink.kind, KnownFeedback.customer_id)
        .join(KnownFeedback, same)
        .where(mine, ProblemLink.kind == "feedback", KnownFeedback.gone.is_(False))
    )
    linked = union_all(of_tickets, of_feedback).subquery()
    counted = select(
        linked.c.problem_id,
        func.count().filter(linked.c.kind == "ticket"),
        func.count().filter(linked.c.kind == "feedback"),
        func.count(linked.c.customer_id.distinct()),
    ).group_by(linked.c.problem_id)
    return {problem_id: Extent(*counts) for problem_id, *counts in await work.session.execute(counted)}


def among(ids: Sequence[UUID]) -> ColumnElement[Any]:
    """For `==`: one parameter, however many there are."""
    return any_(cast(literal(list(ids), ARRAY(Uuid)), ARRAY(Uuid)))


def _named(wanted: Links) -> list[tuple[LinkKind, UUID]]:
    return [("ticket", each) for each in wanted.ticket_ids] + [("feedback", each) for each in wanted.feedback_ids]


async def _known(work: Work, wanted: Links) -> dict[LinkKind, set[UUID]]:
    mine = (Ticket.account_id == work.account_id, *access.visible(work))
    tickets = select(Ticket.id).where(*mine, Ticket.id == among(wanted.ticket_ids))
    feedback = select(KnownFeedback.feedback_id).where(
        KnownFeedback.account_id == work.account_id,
        KnownFeedback.feedback_id == among(wanted.feedback_ids),
        KnownFeedback.gone.is_(False),
    )
    return {
        "ticket": set(await work.session.scalars(tickets)),
        "feedback": set(await work.session.scalars(feedback)),
    }


async def _check(work: Work, cause: str | None, owner_id: UUID | None) -> None:
    if cause is not None:
        await causes.check(work, cause, "/cause")
    await check_owner(work, owner_id)


async def check_owner(work: Work, owner_id: UUID | None) -> None:
    """Raises `Unacceptable` for whoever does not work on tickets here."""
    if owner_id is not None and not await people.can_be_assigned(work, owner_id):
        raise Unacceptable.field("/owner_id", "unknown_person", "There is no such person who works on tickets.")


def _announce(work: Work, problem: Problem) -> None:
    changed = ProblemChanged(
        problem_id=problem.id,
        title=problem.title,
        cause=problem.cause,
        state=problem.state,
        owner_id=problem.owner_id,
    )
    work.emit(changed, subject=problem.id, version=problem.version)
