"""`/v1/ticket-views`: lists of tickets that somebody gave a name."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.schemas import TicketOut
from services.tickets.listing.service import page_of
from services.tickets.views import service as views
from services.tickets.views.models import View
from services.tickets.views.schemas import CountOut, NewView, ViewOut, ViewPatch
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/ticket-views", tags=["ticket-views"])


@router.post("", status_code=201)
async def create_view(body: NewView, work: TicketsWrite, response: Response) -> ViewOut:
    """Save a list: filters as those of GET /v1/tickets, an order, and the columns to show."""
    return _answer(await views.create(work, body), response)


@router.get("")
async def list_views(work: TicketsRead, page: PageQuery) -> Page[ViewOut]:
    """The shared ones and your own, in their order."""
    statement = select(View).where(views.seen_by(work))
    found = await paginate(work.session, statement, page, keys=(View.position.asc(), View.id.asc()))
    return found.map(ViewOut.model_validate)


@router.get("/{view_id}")
async def read_view(view_id: UUID, work: TicketsRead, response: Response) -> ViewOut:
    """One view, with the `ETag` that a change may carry as `If-Match`."""
    return _answer(await views.find(work, view_id), response)


@router.patch("/{view_id}")
async def edit_view(
    view_id: UUID, body: ViewPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> ViewOut:
    """Change what is sent. A shared one is everybody's to change."""
    return _answer(await views.edit(work, view_id, body, expected), response)


@router.delete("/{view_id}", status_code=204)
async def delete_view(view_id: UUID, work: TicketsWrite) -> None:
    """The tickets in it stay."""
    await views.delete(work, view_id)


@router.get("/{view_id}/tickets")
async def list_tickets_of_view(view_id: UUID, work: TicketsRead, page: PageQuery) -> Page[TicketOut]:
    """What is in it for whoever asks, in its order."""
    view = await views.find(work, view_id)
    return await page_of(work, views.filters_of(view), view.sort, page)


@router.get("/{view_id}/count")
async def count_tickets_of_view(view_id: UUID, work: TicketsRead) -> CountOut:
    """How many there are for whoever asks; counted up to 10,000."""
    return await views.count(work, await views.find(work, view_id))


def _answer(view: View, response: Response) -> ViewOut:
    set_etag(response, view.version)
    return ViewOut.model_validate(view)
