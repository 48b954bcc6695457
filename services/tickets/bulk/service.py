"""One change for many tickets: what cannot be done to one of them does not keep the others from it."""

from uuid import UUID

from services.tickets.bulk.schemas import BulkChange, BulkItem, BulkOut, BulkProblem
from services.tickets.cases import service as tickets
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.schemas import MOST_TAGS, TicketPatch
from shared.http.errors import AppError, Unacceptable
from shared.work import Work


async def change(work: Work, body: BulkChange) -> BulkOut:
    """Each ticket as PATCH would have done it. They are locked in one order, so that two who change the same do not
    wait for each other."""
    done = {ticket_id: await _one(work, ticket_id, body) for ticket_id in sorted(body.ticket_ids)}
    items = [done[ticket_id] for ticket_id in body.ticket_ids]
    failed = sum(item.problem is not None for item in items)
    return BulkOut(changed=len(items) - failed, failed=failed, data=items)


async def _one(work: Work, ticket_id: UUID, body: BulkChange) -> BulkItem:
    try:
        async with work.attempt():
            ticket = await _changed(work, ticket_id, body)
            return BulkItem(ticket_id=ticket_id, version=ticket.version, problem=None)
    except AppError as error:
        problem = BulkProblem(status=error.status, code=error.code, detail=error.detail)
        return BulkItem(ticket_id=ticket_id, version=None, problem=problem)


async def _changed(work: Work, ticket_id: UUID, body: BulkChange) -> Ticket:
    patch = body.changes
    if body.add_tags or body.remove_tags:
        ticket = await lock_ticket(work, ticket_id)
        kept = [tag for tag in ticket.tags if tag not in body.remove_tags]
        tags = list(dict.fromkeys([*kept, *body.add_tags]))
        if len(tags) > MOST_TAGS:
            raise Unacceptable(f"A ticket has at most {MOST_TAGS} tags; this would have {len(tags)}.")
        patch = TicketPatch(**{name: getattr(patch, name) for name in patch.model_fields_set}, tags=tags)
    return await tickets.edit(work, ticket_id, patch, None, reason=body.reason)
