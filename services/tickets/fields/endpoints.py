"""`/v1/ticket-fields`: what else an account wants to know of its tickets."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.fields import service as fields
from services.tickets.fields.models import TicketField
from services.tickets.fields.schemas import FieldOut, FieldPatch, NewField
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/ticket-fields", tags=["ticket-fields"])


@router.post("", status_code=201)
async def create_field(body: NewField, work: TicketsWrite, response: Response) -> FieldOut:
    """Add a field. What is required in a state is so whichever way a ticket gets there."""
    return _answer(await fields.create(work, body), response)


@router.get("")
async def list_fields(work: TicketsRead, page: PageQuery) -> Page[FieldOut]:
    """In their order."""
    statement = select(TicketField).where(TicketField.account_id == work.account_id)
    keys = (TicketField.position.asc(), TicketField.id.asc())
    found = await paginate(work.session, statement, page, keys=keys)
    return found.map(FieldOut.model_validate)


@router.get("/{field_id}")
async def read_field(field_id: UUID, work: TicketsRead, response: Response) -> FieldOut:
    """One field, with the `ETag` that a change may carry as `If-Match`."""
    return _answer(await fields.find(work, field_id), response)


@router.patch("/{field_id}")
async def edit_field(
    field_id: UUID, body: FieldPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> FieldOut:
    """Change what is sent. Tickets that are in a state already stay there, whatever it asks for from now on."""
    return _answer(await fields.edit(work, field_id, body, expected), response)


@router.delete("/{field_id}", status_code=204)
async def delete_field(field_id: UUID, work: TicketsWrite) -> None:
    """What tickets have in it stays to be read."""
    await fields.delete(work, field_id)


def _answer(field: TicketField, response: Response) -> FieldOut:
    set_etag(response, field.version)
    return FieldOut.model_validate(field)
