"""One page of tickets, for the list and for saved views."""

from services.tickets.cases.answering import ticket_out
from services.tickets.cases.repository import tickets_with_names
from services.tickets.cases.schemas import TicketOut
from services.tickets.listing.filters import Filters, conditions
from services.tickets.listing.sorting import KEYS, Sort, shown_by
from shared.db.pagination import Page, PageRequest, paginate
from shared.work import Work


async def page_of(work: Work, filters: Filters, sort: Sort, page: PageRequest) -> Page[TicketOut]:
    statement = tickets_with_names(work).where(*await conditions(work, filters), *shown_by(sort))
    found = await paginate(work.session, statement, page, keys=KEYS[sort])
    return found.map(lambda row: ticket_out(work, *row))
