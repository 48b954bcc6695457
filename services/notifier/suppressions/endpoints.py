"""`/v1/suppressions`: addresses to which nothing is sent any more."""

from uuid import UUID

from sqlalchemy import select

from services.notifier.messages.auth import MessagesRead, MessagesWrite
from services.notifier.suppressions import service as suppressions
from services.notifier.suppressions.models import Suppression
from services.notifier.suppressions.schemas import SuppressionOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/suppressions", tags=["messages"])


@router.get("")
async def list_suppressions(work: MessagesRead, page: PageQuery, address: str | None = None) -> Page[SuppressionOut]:
    """The latest first."""
    mine = (Suppression.account_id == work.account_id) & Suppression.since.is_not(None)
    statement = select(Suppression).where(mine)
    if address is not None:
        statement = statement.where(Suppression.address == address.lower())
    found = await paginate(work.session, statement, page, keys=(Suppression.since.desc(), Suppression.id.desc()))
    return found.map(SuppressionOut.model_validate)


@router.delete("/{suppression_id}", status_code=204)
async def lift_suppression(suppression_id: UUID, work: MessagesWrite) -> None:
    """Write to the address again. A withdrawn consent stays withdrawn."""
    await suppressions.lift(work, suppression_id)
