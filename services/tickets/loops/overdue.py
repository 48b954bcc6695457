"""Loops that do not move: by when each is to leave its stage, and who hears when it has not."""

from datetime import datetime
from typing import Final
from uuid import UUID

from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import NoSuchTicket, lock_living
from services.tickets.loops import policies
from services.tickets.loops import service as loops
from services.tickets.loops.models import Loop
from services.tickets.teams.models import Team
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.tickets import LoopAdvanced, LoopOverdue
from shared.work import Work

TIMER: Final = "loop.stage"


async def start_allowance(work: Work, event: Event[LoopAdvanced]) -> None:
    """A loop came to a stage: its time runs. The loop itself says which stage it is in; the news may be old."""
    loop = await _locked(work, event.data.ticket_id)
    if loop is None or loop.overdue_at is not None:
        return
    allowed = policies.allowance(await policies.of_account(work), loop.stage)
    loop.due_at = since(loop) + allowed if allowed is not None else None
    if loop.due_at is not None:
        await work.schedule(TIMER, key=str(loop.ticket_id), due_at=loop.due_at)
    else:
        await work.cancel(TIMER, key=str(loop.ticket_id))


async def stage_due(work: Work, timer: Timer) -> None:
    """The loop itself says whether it is late: the alarm may be, or it may have moved just now."""
    loop = await _locked(work, UUID(timer.key))
    if loop is not None and is_overdue(loop, work.now) and loop.overdue_at is None:
        loop.overdue_at = work.now
        await _announce(work, loop, await lock_living(work, loop.ticket_id))


def since(loop: Loop) -> datetime:
    """When it came to its stage."""
    at: datetime = getattr(loop, f"{loop.stage}_at")
    return at


def is_overdue(loop: Loop, now: datetime) -> bool:
    return loop.due_at is not None and loop.due_at <= now


async def _locked(work: Work, ticket_id: UUID) -> Loop | None:
    """The loop, with the ticket held in which it goes on; None if it is gone."""
    try:
        await lock_living(work, ticket_id)
    except NoSuchTicket:
        return None
    return await loops.loop_of(work, ticket_id)


async def _announce(work: Work, loop: Loop, ticket: Ticket) -> None:
    assert loop.due_at is not None
    team = await work.session.get(Team, ticket.team_id) if ticket.team_id is not None else None
    overdue = LoopOverdue(
        ticket_id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        feedback_id=loop.feedback_id,
        customer_id=loop.customer_id,
        origin_customer_id=loop.origin_customer_id,
        stage=loop.stage,
        since=since(loop),
        due_at=loop.due_at,
        assignee_id=ticket.assignee_id,
        before=loop.before,
        team_id=ticket.team_id,
        lead_id=team.lead_id if team is not None else None,
    )
    work.emit(overdue, subject=ticket.id, version=ticket.version)
