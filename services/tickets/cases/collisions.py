"""Two people at one ticket: whoever comes second is told who was first, and what they did."""

from collections.abc import Sequence
from typing import Final

from services.tickets.cases.history import changes_of
from services.tickets.cases.models import Change, Ticket
from services.tickets.people import service as people
from shared.http.errors import Conflict, FieldProblem, StaleVersion
from shared.work import Work

# What the customer sees, or said: an answer written without knowing of it may be the same one, or the wrong one.
_SAID: Final = ("replied", "heard")
_WHAT: Final[dict[str, str]] = {"replied": "answered", "heard": "wrote", "resolved": "resolved it"}
_MOST_NAMED: Final = 20


class AnsweredMeanwhile(Conflict):
    """Somebody answered, or the customer wrote, since you read the conversation. Read it again before you answer."""

    code = "answered_meanwhile"


async def check_unchanged(work: Work, ticket: Ticket, expected: int | None) -> None:
    """Raises `StaleVersion` with who changed what since the version that the caller read."""
    if expected is None or expected == ticket.version:
        return
    changes = await _changes_since(work, ticket, expected)
    problems = [await _problem(work, change) for change in changes]
    said = " ".join(problem.detail for problem in problems)
    detail = f"Somebody else changed this ticket since you read it. {said} Read it again, then repeat your change."
    raise StaleVersion(detail, errors=tuple(problems))


async def check_nothing_said(work: Work, ticket: Ticket, seen: int | None) -> None:
    """Raises `AnsweredMeanwhile` with who said something in public since the version that the caller read."""
    if seen is None or seen >= ticket.version:
        return
    said = [change for change in await _changes_since(work, ticket, seen) if change.action in _SAID]
    if said:
        problems = [await _problem(work, change) for change in said]
        detail = f"{' '.join(problem.detail for problem in problems)} Read the conversation before you answer."
        raise AnsweredMeanwhile(detail, errors=tuple(problems))


async def _changes_since(work: Work, ticket: Ticket, version: int) -> Sequence[Change]:
    since = changes_of(work, ticket.id).where(Change.version > version).order_by(Change.version).limit(_MOST_NAMED)
    return (await work.session.scalars(since)).all()


async def _problem(work: Work, change: Change) -> FieldProblem:
    who = "The customer" if change.action == "heard" else await people.name_of_author(work, change.actor)
    what = _WHAT.get(change.action) or f"changed {', '.join(change.changes) or 'it'}"
    return FieldProblem(f"/history/{change.version}", change.action, f"{who} {what} at {change.at:%H:%M} UTC.")
