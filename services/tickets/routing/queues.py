"""Tickets that nobody has yet wait in the queue of their team, or in that of everybody.

`queued_at` says since when. Whatever may end the wait has the queue looked at again: somebody resolves or comes back,
hours begin, a team changes. Looking is a timer, so it happens once however many ask for it.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from services.tickets.cases.models import Ticket
from services.tickets.cases.states import ACTIVE
from services.tickets.routing.roster import Crew
from services.tickets.teams.models import Team, TeamMember
from shared.bus.events import Event
from shared.contracts.tickets import TicketResolved, TicketUpdated
from shared.work import Work

WAITING: Final = "routing.queue"
UNASSIGNED_TOO_LONG: Final = "routing.unassigned"
EVERYBODY: Final = "everybody"
# Of what belongs to no team.
LONGEST_UNASSIGNED: Final = timedelta(hours=1)
_FREEING: Final = frozenset({"state", "assignee_id", "team_id", "merged_into_id"})


def queue_of(team_id: UUID | None) -> str:
    return str(team_id) if team_id is not None else EVERYBODY


def allowed_in(crew: Crew | None) -> timedelta:
    return crew.longest_unassigned if crew is not None else LONGEST_UNASSIGNED


async def look_again(work: Work, team_id: UUID | None, at: datetime | None = None) -> None:
    """Now, or at a moment at which it may have become possible."""
    await work.schedule(WAITING, key=queue_of(team_id), due_at=at or work.now)


async def look_again_everywhere(work: Work) -> None:
    """In all queues in which anything waits."""
    mine = (Ticket.account_id == work.account_id) & Ticket.queued_at.is_not(None)
    for team_id in (await work.session.scalars(select(Ticket.team_id).where(mine).distinct())).all():
        await look_again(work, team_id)


async def keep_in_step(work: Work, ticket: Ticket, changed: Iterable[str]) -> None:
    """A ticket of a team that nobody has is in its queue; one that somebody has, or that is done, is in none."""
    belongs = ticket.team_id is not None or ticket.queued_at is not None
    waits = ticket.assignee_id is None and ticket.state in ACTIVE and belongs
    if not waits:
        if ticket.queued_at is not None:
            ticket.queued_at = None
            await work.cancel(UNASSIGNED_TOO_LONG, key=str(ticket.id))
        return
    if ticket.queued_at is None or "team_id" in changed:
        ticket.queued_at = ticket.queued_at or work.now
        allowed = await _allowed(work, ticket.team_id)
        await work.schedule(UNASSIGNED_TOO_LONG, key=str(ticket.id), due_at=ticket.queued_at + allowed)
        await look_again(work, ticket.team_id)


async def somebody_resolved(work: Work, event: Event[TicketResolved]) -> None:
    """Whoever had it is free for another one."""
    done = event.data
    if done.assignee_id is not None:
        theirs = (TeamMember.account_id == work.account_id) & (TeamMember.user_id == done.assignee_id)
        older = TeamMember.last_freed_at.is_(None) | (TeamMember.last_freed_at < done.resolved_at)
        freed = update(TeamMember).where(theirs, older).values(last_freed_at=done.resolved_at)
        await work.session.execute(freed)
    await look_again_everywhere(work)


async def something_moved(work: Work, event: Event[TicketUpdated]) -> None:
    """A ticket that waits, or that somebody else has now, makes room."""
    if not _FREEING.isdisjoint(event.data.changed):
        await look_again_everywhere(work)


async def _allowed(work: Work, team_id: UUID | None) -> timedelta:
    if team_id is None:
        return LONGEST_UNASSIGNED
    return timedelta(seconds=(await work.session.get_one(Team, team_id)).longest_unassigned_seconds)
