"""`/v1/tickets/bulk`: one change for many tickets."""

from fastapi import Request

from services.tickets.auth import TicketsWrite
from services.tickets.bulk import service as bulk
from services.tickets.bulk.schemas import BulkChange, BulkOut
from services.tickets.contacts import service as contacts
from shared.http.dependencies import runtime_of
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/bulk", tags=["tickets"])


@router.post("")
async def change_tickets(body: BulkChange, work: TicketsWrite, request: Request) -> BulkOut:
    """Change up to 1,000 tickets. Those that can be changed are, and the answer says of each other one why not."""
    if body.changes.customer_id is not None:
        await contacts.require(runtime_of(request).database, work.account_id, body.changes.customer_id, work=work)
    return await bulk.change(work, body)
