"""`/v1/tickets`: the work that somebody asked for, by whom it is done, and by when."""

from uuid import UUID

from fastapi import Request, Response

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases import service as tickets
from services.tickets.cases.answering import answer, fresh_out
from services.tickets.cases.auth import AuthorDep
from services.tickets.cases.history import changes_of
from services.tickets.cases.models import Change
from services.tickets.cases.repository import find_ticket
from services.tickets.cases.schemas import (
    ChangeOut,
    NewTicket,
    Reopening,
    Resolution,
    TicketOut,
    TicketPatch,
)
from services.tickets.contacts import service as contacts
from services.tickets.listing.filters import FiltersQuery
from services.tickets.listing.service import page_of
from services.tickets.listing.sorting import NEWEST, Sort
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, runtime_of, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets", tags=["tickets"])


@router.post("", status_code=201)
async def open_ticket(body: NewTicket, author: AuthorDep, request: Request, response: Response) -> TicketOut:
    """Open a ticket by hand. One that names feedback which has a ticket already, not yet closed, is a 409."""
    runtime = runtime_of(request)
    if body.customer_id is not None:
        await contacts.require(runtime.database, author.account_id, body.customer_id, work=author.work)
    opening, opened = await tickets.open_by_hand(author, body, runtime.state["desk"], runtime.database)
    set_etag(response, 1)
    return fresh_out(opening, opened)


@router.get("")
async def list_tickets(
    work: TicketsRead, page: PageQuery, filters: FiltersQuery, sort: Sort = NEWEST
) -> Page[TicketOut]:
    """Newest first, unless `sort` says otherwise. By `resolution_due_at` only what is due is listed."""
    return await page_of(work, filters, sort, page)


@router.get("/{ticket_id}")
async def read_ticket(ticket_id: UUID, work: TicketsRead, response: Response) -> TicketOut:
    """One ticket, with the `ETag` that a change may carry as `If-Match`."""
    return await answer(work, await find_ticket(work, ticket_id), response)


@router.patch("/{ticket_id}")
async def edit_ticket(
    ticket_id: UUID, body: TicketPatch, work: TicketsWrite, expected: IfMatch, request: Request, response: Response
) -> TicketOut:
    """Change what is sent. Pending and on_hold stop the resolution clock; another priority brings its own targets."""
    if body.customer_id is not None:
        await contacts.require(runtime_of(request).database, work.account_id, body.customer_id, work=work)
    return await answer(work, await tickets.edit(work, ticket_id, body, expected), response)


@router.post("/{ticket_id}/resolve")
async def resolve_ticket(
    ticket_id: UUID, work: TicketsWrite, expected: IfMatch, response: Response, body: Resolution | None = None
) -> TicketOut:
    """The work is done; its clocks stop."""
    return await answer(work, await tickets.resolve(work, ticket_id, body or Resolution(), expected), response)


@router.post("/{ticket_id}/reopen")
async def reopen_ticket(
    ticket_id: UUID, body: Reopening, work: TicketsWrite, expected: IfMatch, response: Response
) -> TicketOut:
    """The work was not done after all; its clocks run on from where they stopped."""
    return await answer(work, await tickets.reopen(work, ticket_id, body.reason, expected), response)


@router.get("/{ticket_id}/history")
async def list_changes(ticket_id: UUID, work: TicketsRead, page: PageQuery) -> Page[ChangeOut]:
    """Who changed what and when, oldest first."""
    await find_ticket(work, ticket_id)
    found = await paginate(work.session, changes_of(work, ticket_id), page, keys=(Change.version.asc(),))
    return found.map(ChangeOut.model_validate)
