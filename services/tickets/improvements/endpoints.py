"""`/v1/improvements`: what is done about problems, and telling those who asked for it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.improvements import audience, telling
from services.tickets.improvements import service as improvements
from services.tickets.improvements.models import Improvement, Remedy, Telling, TellingState
from services.tickets.improvements.schemas import (
    AudienceOut,
    ExpectedEffect,
    ImprovementOut,
    ImprovementPatch,
    NewImprovement,
    News,
    NewsOut,
    Shipping,
    TellingOut,
)
from services.tickets.people import service as people
from shared.contracts.problems import ImprovementState
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.http.schemas import Money
from shared.work import Work

router = APIRouter(prefix="/v1/improvements", tags=["problems"])

OfProblem = Annotated[UUID | None, Query(description="Those that are to solve this problem.")]


@router.post("", status_code=201)
async def create_improvement(body: NewImprovement, work: TicketsWrite, response: Response) -> ImprovementOut:
    """Plan what is to be done about one or more problems."""
    return await _answer(work, await improvements.create(work, body), response)


@router.get("")
async def list_improvements(
    work: TicketsRead, page: PageQuery, state: ImprovementState | None = None, problem_id: OfProblem = None
) -> Page[ImprovementOut]:
    """Newest first."""
    statement = select(Improvement).where(Improvement.account_id == work.account_id)
    if state is not None:
        statement = statement.where(Improvement.state == state)
    if problem_id is not None:
        mine = (Remedy.account_id == work.account_id) & (Remedy.problem_id == problem_id)
        statement = statement.where(Improvement.id.in_(select(Remedy.improvement_id).where(mine)))
    found: Page[Improvement] = await paginate(work.session, statement, page, keys=(Improvement.id.desc(),))
    shown = {improvement.id: await _shown(work, improvement) for improvement in found.data}
    return found.map(lambda improvement: shown[improvement.id])


@router.get("/{improvement_id}")
async def read_improvement(improvement_id: UUID, work: TicketsRead, response: Response) -> ImprovementOut:
    """One improvement, with the `ETag` that a change may carry as `If-Match`."""
    return await _answer(work, await improvements.find(work, improvement_id), response)


@router.patch("/{improvement_id}")
async def edit_improvement(
    improvement_id: UUID, body: ImprovementPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> ImprovementOut:
    """Change what is sent."""
    return await _answer(work, await improvements.edit(work, improvement_id, body, expected), response)


@router.post("/{improvement_id}/ship")
async def ship_improvement(
    improvement_id: UUID,
    work: TicketsWrite,
    expected: IfMatch,
    response: Response,
    body: Shipping | None = None,
) -> ImprovementOut:
    """It is done: its problems are fixed, and its effect is measured from now on. Nobody is told yet."""
    at = body.shipped_at if body else None
    return await _answer(work, await improvements.ship(work, improvement_id, at, expected), response)


@router.get("/{improvement_id}/audience")
async def read_audience(improvement_id: UUID, work: TicketsRead) -> AudienceOut:
    """Who asked for it, whom there is to tell, and what became of those who were told."""
    await improvements.find(work, improvement_id)
    return await audience.shown(work, improvement_id)


@router.post("/{improvement_id}/tell", status_code=202)
async def tell_those_who_asked(improvement_id: UUID, body: News, work: TicketsWrite) -> NewsOut:
    """“You said, we did”, to everybody who asked and has not been told, by mail, as far as they want that. Try it with
    `dry_run` first: it cannot be taken back."""
    return NewsOut(dry_run=body.dry_run, audience=await telling.tell(work, improvement_id, body))


@router.get("/{improvement_id}/tellings")
async def list_tellings(
    improvement_id: UUID, work: TicketsRead, page: PageQuery, state: TellingState | None = None
) -> Page[TellingOut]:
    """Who was told, and why somebody was not. Newest first."""
    await improvements.find(work, improvement_id)
    statement = select(Telling).where(Telling.account_id == work.account_id, Telling.improvement_id == improvement_id)
    if state is not None:
        statement = statement.where(Telling.state == state)
    found = await paginate(work.session, statement, page, keys=(Telling.id.desc(),))
    return found.map(TellingOut.model_validate)


async def _answer(work: Work, improvement: Improvement, response: Response) -> ImprovementOut:
    set_etag(response, improvement.version)
    return await _shown(work, improvement)


async def _shown(work: Work, improvement: Improvement) -> ImprovementOut:
    problem_ids: Sequence[UUID] = await improvements.problem_ids(work, improvement.id)
    cost = effect = None
    if improvement.cost_amount is not None and improvement.cost_currency is not None:
        cost = Money(amount=improvement.cost_amount, currency=improvement.cost_currency)
    if improvement.metric is not None and improvement.expected_change is not None:
        values = {"metric": improvement.metric, "change": improvement.expected_change}
        effect = ExpectedEffect.model_validate(values)
    return ImprovementOut(
        id=improvement.id,
        title=improvement.title,
        description=improvement.description,
        problem_ids=list(problem_ids),
        state=improvement.state,
        owner_id=improvement.owner_id,
        owner_name=await people.name_of(work, improvement.owner_id),
        cost=cost,
        starts_on=improvement.starts_on,
        expected_effect=effect,
        shipped_at=improvement.shipped_at,
        you_said=improvement.you_said,
        we_did=improvement.we_did,
        version=improvement.version,
        created_at=improvement.created_at,
        updated_at=improvement.updated_at,
    )
