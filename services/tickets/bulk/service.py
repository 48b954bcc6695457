"""One change for many tickets: what cannot be done to one of them does not keep the others from it."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from services.tickets.bulk.schemas import BulkChange, BulkItem, BulkOut, BulkProblem
from services.tickets.cases import service as tickets
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.schemas import MOST_TAGS, TicketPatch
from shared.http.errors import AppError, Unacceptable
from shared.work import Work


async def change(work: Work, body: BulkChange) -> BulkOut:
    """Each ticket as PATCH would have done it."""

    async def one(ticket_id: UUID) -> Ticket:
        tags = {"add_tags": body.add_tags, "remove_tags": body.remove_tags}
        return await change_one(work, ticket_id, body.changes, **tags, reason=body.reason)

    return await each(work, body.ticket_ids, one)


async def each(work: Work, ticket_ids: Sequence[UUID], one: Callable[[UUID], Awaitable[Ticket]]) -> BulkOut:
    """All of `one` or nothing for each ticket. They are locked in one order, so that two who change the same do not
    wait for each other."""
    done = {ticket_id: await _attempt(work, ticket_id, one) for ticket_id in sorted(ticket_ids)}
    items = [done[ticket_id] for ticket_id in ticket_ids]
    failed = sum(item.problem is not None for item in items)
    return BulkOut(changed=len(items) - failed, failed=failed, data=items)


async def change_one(
    work: Work,
    ticket_id: UUID,
    patch: TicketPatch,
    *,
    add_tags: Sequence[str],
    remove_tags: Sequence[str],
    reason: str | None,
) -> Ticket:
    """As PATCH does it, with tags added and taken away one by one."""
    if add_tags or remove_tags:
        ticket = await lock_ticket(work, ticket_id)
        kept = [tag for tag in ticket.tags if tag not in remove_tags]
        tags = list(dict.fromkeys([*kept, *add_tags]))
        if len(tags) > MOST_TAGS:
            raise Unacceptable(f"A ticket has at most {MOST_TAGS} tags; this would have {len(tags)}.")
        patch = TicketPatch(**{name: getattr(patch, name) for name in patch.model_fields_set}, tags=tags)
    return await tickets.edit(work, ticket_id, patch, None, reason=reason)


async def _attempt(work: Work, ticket_id: UUID, one: Callable[[UUID], Awaitable[Ticket]]) -> BulkItem:
    try:
        async with work.attempt():
            ticket = await one(ticket_id)
            return BulkItem(ticket_id=ticket_id, version=ticket.version, problem=None)
    except AppError as error:
        problem = BulkProblem(status=error.status, code=error.code, detail=error.detail)
        return BulkItem(ticket_id=ticket_id, version=None, problem=problem)
