"""`/v1/problems`: what lies behind many complaints."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.models import Ticket
from services.tickets.cases.schemas import Cause
from services.tickets.causes import service as causes
from services.tickets.feedback.models import KnownFeedback
from services.tickets.people import service as people
from services.tickets.problems import service as problems
from services.tickets.problems import suggesting
from services.tickets.problems.models import Problem
from services.tickets.problems.schemas import (
    LinkedFeedback,
    LinkedTicket,
    LinkItem,
    Links,
    LinksOut,
    NewProblem,
    ProblemOut,
    ProblemPatch,
    Suggestions,
)
from services.tickets.problems.service import Extent
from shared.contracts.problems import ProblemState
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/problems", tags=["problems"])

Weeks = Annotated[int, Query(ge=1, le=52, description="Whole weeks to look back, from Monday to Sunday in UTC.")]


@router.post("", status_code=201)
async def create_problem(body: NewProblem, work: TicketsWrite, response: Response) -> ProblemOut:
    """Name what lies behind complaints. What does not exist of what is to be linked is left out."""
    return await _answer(work, await problems.create(work, body), response)


@router.get("")
async def list_problems(
    work: TicketsRead,
    page: PageQuery,
    state: ProblemState | None = None,
    cause: Cause | None = None,
    owner_id: UUID | None = None,
) -> Page[ProblemOut]:
    """Newest first."""
    wanted = {Problem.state: state, Problem.cause: cause, Problem.owner_id: owner_id}
    statement = select(Problem).where(Problem.account_id == work.account_id)
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    found: Page[Problem] = await paginate(work.session, statement, page, keys=(Problem.id.desc(),))
    shown = {problem.id: problem for problem in await _shown(work, found.data)}
    return found.map(lambda problem: shown[problem.id])


@router.get("/suggestions")
async def suggest_problems(work: TicketsRead, weeks: Weeks = 8) -> Suggestions:
    """What unhappy feedback and tickets have in common, by cause, with what no problem has yet."""
    return await suggesting.suggest(work, weeks)


@router.get("/{problem_id}")
async def read_problem(problem_id: UUID, work: TicketsRead, response: Response) -> ProblemOut:
    """One problem, with the `ETag` that a change may carry as `If-Match`."""
    return await _answer(work, await problems.find(work, problem_id), response)


@router.patch("/{problem_id}")
async def edit_problem(
    problem_id: UUID, body: ProblemPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> ProblemOut:
    """Change what is sent."""
    return await _answer(work, await problems.edit(work, problem_id, body, expected), response)


@router.post("/{problem_id}/link")
async def link_to_problem(problem_id: UUID, body: Links, work: TicketsWrite) -> LinksOut:
    """Say of tickets and feedback that they come from this problem."""
    return _outcome(await problems.link(work, await problems.find(work, problem_id, lock=True), body), "linked")


@router.post("/{problem_id}/unlink")
async def unlink_from_problem(problem_id: UUID, body: Links, work: TicketsWrite) -> LinksOut:
    """They do not come from it after all."""
    return _outcome(await problems.unlink(work, await problems.find(work, problem_id, lock=True), body), "unlinked")


@router.get("/{problem_id}/tickets")
async def list_problem_tickets(problem_id: UUID, work: TicketsRead, page: PageQuery) -> Page[LinkedTicket]:
    """Newest first."""
    await problems.find(work, problem_id)
    statement = problems.linked_tickets(work, problem_id)
    found = await paginate(work.session, statement, page, keys=(Ticket.opened_at.desc(), Ticket.id.desc()))
    return found.map(
        lambda row: LinkedTicket(
            ticket_id=row[0].id,
            number=row[0].number,
            subject=row[0].subject,
            state=row[0].state,
            priority=row[0].priority,
            customer_id=row[0].customer_id,
            root_cause=row[0].root_cause,
            opened_at=row[0].opened_at,
            linked_at=row[1].linked_at,
        )
    )


@router.get("/{problem_id}/feedback")
async def list_problem_feedback(problem_id: UUID, work: TicketsRead, page: PageQuery) -> Page[LinkedFeedback]:
    """Newest first."""
    await problems.find(work, problem_id)
    statement = problems.linked_feedback(work, problem_id)
    keys = (KnownFeedback.occurred_at.desc(), KnownFeedback.feedback_id.desc())
    found = await paginate(work.session, statement, page, keys=keys)
    return found.map(
        lambda row: LinkedFeedback(
            feedback_id=row[0].feedback_id,
            customer_id=row[0].customer_id,
            channel=row[0].channel,
            band=row[0].band,
            rating=row[0].rating,
            topics=row[0].keys,
            occurred_at=row[0].occurred_at,
            linked_at=row[1].linked_at,
        )
    )


async def _answer(work: Work, problem: Problem, response: Response) -> ProblemOut:
    set_etag(response, problem.version)
    [shown] = await _shown(work, [problem])
    return shown


async def _shown(work: Work, found: Sequence[Problem]) -> list[ProblemOut]:
    known = await causes.of_account(work)
    extents = await problems.extents(work, [problem.id for problem in found])
    shown = []
    for problem in found:
        extent = extents.get(problem.id, Extent())
        shown.append(
            ProblemOut(
                id=problem.id,
                title=problem.title,
                description=problem.description,
                cause=problem.cause,
                cause_name=known.label(problem.cause) if problem.cause is not None else None,
                state=problem.state,
                owner_id=problem.owner_id,
                owner_name=await people.name_of(work, problem.owner_id),
                tickets=extent.tickets,
                feedback=extent.feedback,
                customers=extent.customers,
                version=problem.version,
                created_at=problem.created_at,
                updated_at=problem.updated_at,
                closed_at=problem.closed_at,
            )
        )
    return shown


def _outcome(items: list[LinkItem], outcome: str) -> LinksOut:
    return LinksOut(changed=sum(item.outcome == outcome for item in items), data=items)
