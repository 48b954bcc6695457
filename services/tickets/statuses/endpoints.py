"""`/v1/ticket-statuses`: what the account calls the states of its tickets."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.statuses import service as statuses
from services.tickets.statuses.models import Status
from services.tickets.statuses.schemas import NewStatus, StatusOut, StatusPatch
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/ticket-statuses", tags=["ticket-statuses"])


@router.post("", status_code=201)
async def create_status(body: NewStatus, work: TicketsWrite, response: Response) -> StatusOut:
    """Name a type of state. Several may stand for one type: on_hold may be “Waiting for the carrier” and “Returned”."""
    return _answer(await statuses.create(work, body), response)


@router.get("")
async def list_statuses(work: TicketsRead, page: PageQuery) -> Page[StatusOut]:
    """In their order."""
    statement = select(Status).where(Status.account_id == work.account_id)
    found = await paginate(work.session, statement, page, keys=(Status.position.asc(), Status.id.asc()))
    return found.map(StatusOut.model_validate)


@router.get("/{status_id}")
async def read_status(status_id: UUID, work: TicketsRead, response: Response) -> StatusOut:
    """One status, with the `ETag` that a change may carry as `If-Match`."""
    return _answer(await statuses.find(work, status_id), response)


@router.patch("/{status_id}")
async def edit_status(
    status_id: UUID, body: StatusPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> StatusOut:
    """Change what is sent. Its type of state stays."""
    return _answer(await statuses.edit(work, status_id, body, expected), response)


@router.delete("/{status_id}", status_code=204)
async def delete_status(status_id: UUID, work: TicketsWrite) -> None:
    """Only one that no ticket has."""
    await statuses.delete(work, status_id)


def _answer(status: Status, response: Response) -> StatusOut:
    set_etag(response, status.version)
    return StatusOut.model_validate(status)
