"""`/v1/macros`: what is done to many tickets, kept under a name, personal or shared."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.bulk.schemas import BulkOut
from services.tickets.macros import applying
from services.tickets.macros import service as macros
from services.tickets.macros.models import Macro
from services.tickets.macros.schemas import Application, MacroOut, MacroPatch, NewMacro, Preview, PreviewRequest
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/macros", tags=["macros"])


@router.post("", status_code=201)
async def create_macro(body: NewMacro, work: TicketsWrite, response: Response) -> MacroOut:
    """Keep what you do again and again. Texts are checked now, so that no customer finds the slip."""
    return _answer(await macros.create(work, body), response)


@router.get("")
async def list_macros(work: TicketsRead, page: PageQuery) -> Page[MacroOut]:
    """The shared ones and your own, in their order."""
    keys = (Macro.position.asc(), Macro.id.asc())
    found = await paginate(work.session, select(Macro).where(macros.seen_by(work)), page, keys=keys)
    return found.map(MacroOut.model_validate)


@router.get("/{macro_id}")
async def read_macro(macro_id: UUID, work: TicketsRead, response: Response) -> MacroOut:
    """One macro, with the `ETag` that a change may carry as `If-Match`."""
    return _answer(await macros.find(work, macro_id), response)


@router.patch("/{macro_id}")
async def edit_macro(
    macro_id: UUID, body: MacroPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> MacroOut:
    """Change what is sent."""
    return _answer(await macros.edit(work, macro_id, body, expected), response)


@router.delete("/{macro_id}", status_code=204)
async def delete_macro(macro_id: UUID, work: TicketsWrite) -> None:
    """What was done with it stays."""
    await macros.delete(work, macro_id)


@router.post("/{macro_id}/preview")
async def preview_macro(macro_id: UUID, body: PreviewRequest, work: TicketsRead) -> Preview:
    """What it would do to a ticket if you applied it now. Nothing is sent or changed."""
    return await applying.preview(work, await macros.find(work, macro_id), body.ticket_id)


@router.post("/{macro_id}/apply")
async def apply_macro(macro_id: UUID, body: Application, work: TicketsWrite) -> BulkOut:
    """Apply it to up to 1,000 tickets: to each all of it or nothing. The answer says of each why not."""
    return await applying.apply(work, await macros.find(work, macro_id), body)


def _answer(macro: Macro, response: Response) -> MacroOut:
    set_etag(response, macro.version)
    return MacroOut.model_validate(macro)
