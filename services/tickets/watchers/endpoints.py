"""`/v1/tickets/{id}/watchers`: who wants to know what becomes of it."""

from uuid import UUID

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from services.tickets.watchers import service as watchers
from services.tickets.watchers.models import Watcher
from services.tickets.watchers.schemas import WatcherOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/watchers", tags=["tickets"])


@router.get("")
async def list_watchers(ticket_id: UUID, work: TicketsRead, page: PageQuery) -> Page[WatcherOut]:
    """In the order of their ids."""
    await find_ticket(work, ticket_id)
    statement = watchers.watchers_of(work, ticket_id)
    found = await paginate(work.session, statement, page, keys=(Watcher.user_id.asc(),))
    return found.map(lambda row: _out(*row))


@router.put("/{user_id}", status_code=204)
async def watch_ticket(ticket_id: UUID, user_id: UUID, work: TicketsWrite) -> None:
    """Have somebody watch it."""
    await find_ticket(work, ticket_id)
    await watchers.ask(work, ticket_id, user_id)


@router.delete("/{user_id}", status_code=204)
async def unwatch_ticket(ticket_id: UUID, user_id: UUID, work: TicketsWrite) -> None:
    """They do not watch it any more, or never did."""
    await find_ticket(work, ticket_id)
    await watchers.remove(work, ticket_id, user_id)


def _out(watcher: Watcher, name: str | None) -> WatcherOut:
    return WatcherOut(user_id=watcher.user_id, name=name or None, because=watcher.because, since=watcher.since)
