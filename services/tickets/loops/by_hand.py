"""Stages that people reach outside of Heed, such as by telephone, and tell."""

from typing import Literal
from uuid import UUID

from services.tickets.cases.history import moment_of, record
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket, lock_living
from services.tickets.loops import service as loops
from services.tickets.loops.models import ConfirmedBy, Loop
from services.tickets.slas import service as slas
from shared.http.errors import Conflict, NotFound
from shared.work import Work


class NoLoop(NotFound):
    """There is no such loop: no such ticket, or one that did not come from feedback."""


class NotFixed(Conflict):
    """Nothing has been fixed that could be confirmed. Resolve the ticket first."""

    code = "not_fixed"


async def find(work: Work, ticket_id: UUID) -> tuple[Loop, Ticket]:
    """Raises `NoLoop` or `NoSuchTicket`."""
    return await _loop(work, ticket_id), await find_ticket(work, ticket_id)


async def advance(
    work: Work, ticket_id: UUID, stage: Literal["contacted", "confirmed"], reason: str
) -> tuple[Loop, Ticket]:
    """With the ticket in which it goes on. Raises `NoLoop`, `NoSuchTicket` or `NotFixed`."""
    ticket = await lock_living(work, ticket_id)
    loop = await _loop(work, ticket_id)
    if stage == "confirmed":
        confirm(work, ticket, loop, by="colleague", reason=reason)
    elif loops.is_ahead(stage, loop.stage):
        slas.settle(work, ticket)
        record(work, ticket, "advanced", changes={"loop": (loop.stage, stage)}, reason=reason)
        loops.enter(work, ticket, loop, stage, moment_of(work, ticket))
    return loop, ticket


def confirm(work: Work, ticket: Ticket, loop: Loop, *, by: ConfirmedBy, reason: str | None) -> None:
    """The ticket is locked. A loop that was measured again since stays so, and is confirmed, too. Raises `NotFixed`."""
    if loop.fixed_at is None:
        raise NotFixed
    if loop.confirmed_at is not None:
        return
    slas.settle(work, ticket)
    stage = loop.stage
    is_next = loops.is_ahead("confirmed", stage)
    record(work, ticket, "confirmed", changes={"loop": (stage, "confirmed" if is_next else stage)}, reason=reason)
    loop.confirmed_by = by
    if is_next:
        loops.enter(work, ticket, loop, "confirmed", moment_of(work, ticket))
    else:
        loop.confirmed_at = moment_of(work, ticket)


async def _loop(work: Work, ticket_id: UUID) -> Loop:
    loop = await loops.loop_of(work, ticket_id)
    if loop is None:
        raise NoLoop
    return loop
