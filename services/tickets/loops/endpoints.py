"""`/v1/loops`: what became of what customers said. A loop has the id of its ticket."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import and_, not_

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.models import Ticket
from services.tickets.cases.schemas import Cause, Channel
from services.tickets.loops import by_hand, policies
from services.tickets.loops.models import Loop, LoopPolicy
from services.tickets.loops.overdue import is_overdue
from services.tickets.loops.schemas import ByHand, LoopOut, LoopPolicyIn, LoopPolicyOut
from services.tickets.loops.service import loops_with_tickets
from shared.contracts.tickets import LoopStage
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.http.schemas import Moment
from shared.work import Work

router = APIRouter(prefix="/v1/loops", tags=["loops"])

Late = Annotated[bool | None, Query(description="true: longer in their stage than the account allows.")]
Sort = Annotated[Literal["newest", "due"], Query(description="`due`: those with a time first, the earliest on top.")]


@router.get("")
async def list_loops(
    work: TicketsRead,
    page: PageQuery,
    stage: LoopStage | None = None,
    customer_id: UUID | None = None,
    assignee_id: UUID | None = None,
    team_id: UUID | None = None,
    channel: Channel | None = None,
    root_cause: Cause | None = None,
    overdue: Late = None,
    from_: Annotated[Moment | None, Query(alias="from", description="Tickets opened then or later.")] = None,
    to: Annotated[Moment | None, Query(description="Tickets opened before.")] = None,
    sort: Sort = "newest",
) -> Page[LoopOut]:
    """The closed loops of the account's feedback, that of the newest ticket first."""
    statement = loops_with_tickets(work)
    wanted = {
        Loop.stage: stage,
        Loop.customer_id: customer_id,
        Ticket.assignee_id: assignee_id,
        Ticket.team_id: team_id,
        Ticket.channel: channel,
        Ticket.root_cause: root_cause,
    }
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if overdue is not None:
        late = and_(Loop.due_at.is_not(None), Loop.due_at <= work.now)
        statement = statement.where(late if overdue else not_(late))
    if from_ is not None:
        statement = statement.where(Ticket.opened_at >= from_)
    if to is not None:
        statement = statement.where(Ticket.opened_at < to)
    if sort == "due":
        statement = statement.where(Loop.due_at.is_not(None))
    keys = (Loop.due_at.asc(), Loop.ticket_id.asc()) if sort == "due" else (Loop.ticket_id.desc(),)
    found = await paginate(work.session, statement, page, keys=keys)
    return found.map(lambda row: _out(work, *row))


@router.get("/policy")
async def read_loop_policy(work: TicketsRead, response: Response) -> LoopPolicyOut:
    """How much time each stage is allowed, and what has to be told when a ticket is resolved."""
    return _policy(await policies.of_account(work), response)


@router.put("/policy")
async def replace_loop_policy(
    body: LoopPolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> LoopPolicyOut:
    """Holds for loops from their next stage on."""
    return _policy(await policies.replace(work, body, expected), response)


@router.get("/{loop_id}")
async def read_loop(loop_id: UUID, work: TicketsRead) -> LoopOut:
    """The loop of one ticket; only tickets that came from feedback have one."""
    return _out(work, *await by_hand.find(work, loop_id))


@router.post("/{loop_id}/contacted")
async def note_contact(loop_id: UUID, body: ByHand, work: TicketsWrite) -> LoopOut:
    """Somebody spoke with the customer outside of Heed. Nothing happens to a loop that is further."""
    return _out(work, *await by_hand.advance(work, loop_id, "contacted", body.reason))


@router.post("/{loop_id}/confirmed")
async def note_confirmation(loop_id: UUID, body: ByHand, work: TicketsWrite) -> LoopOut:
    """The customer told somebody that it is solved. Of a loop that is not fixed this is a 409."""
    return _out(work, *await by_hand.advance(work, loop_id, "confirmed", body.reason))


def _out(work: Work, loop: Loop, ticket: Ticket) -> LoopOut:
    return LoopOut(
        ticket_id=loop.ticket_id,
        number=ticket.number,
        feedback_id=loop.feedback_id,
        customer_id=loop.customer_id,
        assignee_id=ticket.assignee_id,
        team_id=ticket.team_id,
        channel=ticket.channel,
        stage=loop.stage,
        round=loop.round,
        before=loop.before,
        after=loop.after,
        needs_follow_up_at=loop.needs_follow_up_at,
        contacted_at=loop.contacted_at,
        fixed_at=loop.fixed_at,
        confirmed_at=loop.confirmed_at,
        confirmed_by=loop.confirmed_by,
        re_measured_at=loop.re_measured_at,
        due_at=loop.due_at,
        overdue=is_overdue(loop, work.now),
        root_cause=ticket.root_cause,
        corrective_action=ticket.corrective_action,
    )


def _policy(policy: LoopPolicy, response: Response) -> LoopPolicyOut:
    set_etag(response, policy.version)
    return LoopPolicyOut.model_validate(
        {
            "required_at_resolve": policy.required,
            "allowances": policy.allowances,
            "version": policy.version,
            "updated_at": policy.updated_at,
        }
    )
