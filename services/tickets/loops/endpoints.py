"""`/v1/loops`: what became of what customers said."""

from uuid import UUID

from services.tickets.auth import TicketsRead
from services.tickets.loops.models import Loop
from services.tickets.loops.schemas import LoopOut
from services.tickets.loops.service import loops_with_numbers
from shared.contracts.tickets import LoopStage
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/loops", tags=["loops"])


@router.get("")
async def list_loops(
    work: TicketsRead, page: PageQuery, stage: LoopStage | None = None, customer_id: UUID | None = None
) -> Page[LoopOut]:
    """The closed loops of the account's feedback, that of the newest ticket first."""
    statement = loops_with_numbers(work)
    if stage is not None:
        statement = statement.where(Loop.stage == stage)
    if customer_id is not None:
        statement = statement.where(Loop.customer_id == customer_id)
    found = await paginate(work.session, statement, page, keys=(Loop.ticket_id.desc(),))
    return found.map(lambda row: _out(*row))


def _out(loop: Loop, number: int) -> LoopOut:
    return LoopOut(
        ticket_id=loop.ticket_id,
        number=number,
        feedback_id=loop.feedback_id,
        customer_id=loop.customer_id,
        stage=loop.stage,
        round=loop.round,
        before=loop.before,
        after=loop.after,
        needs_follow_up_at=loop.needs_follow_up_at,
        contacted_at=loop.contacted_at,
        fixed_at=loop.fixed_at,
        confirmed_at=loop.confirmed_at,
        re_measured_at=loop.re_measured_at,
    )
