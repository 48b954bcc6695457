"""`/v1/tickets/search`: tickets by their words."""

from typing import Annotated

from fastapi import Query

from services.tickets.auth import TicketsRead
from services.tickets.cases.schemas import TicketOut
from services.tickets.listing.filters import FiltersQuery
from services.tickets.search import service as searching
from shared.db.pagination import Page, PageQuery
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/search", tags=["tickets"])

Words = Annotated[
    str,
    Query(
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]+$",
        description="All of them have to be there; in quotes as they stand, `or` for either, `-refund` for without. "
        "The last word may be a beginning of three letters or more.",
    ),
]


@router.get("")
async def search_tickets(work: TicketsRead, page: PageQuery, q: Words, filters: FiltersQuery) -> Page[TicketOut]:
    """Tickets by number, subject, description, tags, own fields, the customer's name and all that was said, notes too.
    The newest ticket first; what narrows the list narrows it. What was written a moment ago may need
    a moment more."""
    return await searching.search(work, q, filters, page)
