"""Whether a customer who writes once more opens the ticket again, or begins another one. What they wrote is never lost:
it stands in the one or the other."""

from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select

from services.tickets.cases import service as tickets
from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import Author, Opened, Opening
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.states import DONE
from services.tickets.followups.models import FollowUpPolicy
from services.tickets.followups.schemas import PolicyIn
from services.tickets.links.models import Link
from services.tickets.people import service as people
from services.tickets.statuses.models import Status
from services.tickets.teams import service as teams
from shared.http.dependencies import check_match
from shared.ids import new_id
from shared.work import Work

What = Literal["reopen", "new_ticket"]
WROTE_AGAIN: Final = "The customer wrote again"


async def policy_of(work: Work, scope_id: UUID, *, lock: bool = False) -> FollowUpPolicy:
    """That of a team or of the account; or else the usual one: opened again, by whoever had it, however long ago."""
    mine = (FollowUpPolicy.account_id == work.account_id) & (FollowUpPolicy.scope_id == scope_id)
    statement = select(FollowUpPolicy).where(mine)
    found: FollowUpPolicy | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    return found or FollowUpPolicy(
        account_id=work.account_id,
        scope_id=scope_id,
        new_ticket_after_days=None,
        keep_assignee=True,
        version=0,
        updated_at=work.now,
    )


async def policy_for(work: Work, team_id: UUID | None) -> FollowUpPolicy:
    """What holds for a ticket: the policy of its team if that has one of its own, else the account's."""
    if team_id is not None:
        policy = await policy_of(work, team_id)
        if policy.version:
            return policy
    return await policy_of(work, work.account_id)


async def replace(work: Work, scope_id: UUID, body: PolicyIn, expected: int | None) -> FollowUpPolicy:
    """Raises `StaleVersion`."""
    policy = await policy_of(work, scope_id, lock=True)
    check_match(expected, policy.version)
    policy.new_ticket_after_days, policy.keep_assignee = body.new_ticket_after_days, body.keep_assignee
    policy.version += 1
    policy.updated_at = work.now
    work.session.add(policy)
    await work.session.flush()
    return policy


async def remove(work: Work, scope_id: UUID) -> None:
    """The account's holds again. Nothing happens if there is none."""
    policy = await policy_of(work, scope_id, lock=True)
    if policy.version:
        await work.session.delete(policy)


def decide(policy: FollowUpPolicy, resolved_at: datetime | None, now: datetime, *, may_reopen: bool) -> What:
    """A status that says so cannot be reopened by customers, however fresh it is."""
    if not may_reopen:
        return "new_ticket"
    days = policy.new_ticket_after_days
    if days is None or resolved_at is None:
        return "reopen"
    return "new_ticket" if now >= resolved_at + timedelta(days=days) else "reopen"


async def follow_up(work: Work, ticket: Ticket, thread_id: UUID, reason: str = WROTE_AGAIN) -> Ticket:
    """The ticket in which it goes on now that the customer has written to one that was done. The ticket is locked, its
    clocks are settled."""
    policy = await policy_for(work, ticket.team_id)
    may_reopen = await _may_reopen(work, ticket)
    if decide(policy, ticket.resolved_at, work.now, may_reopen=may_reopen) == "new_ticket":
        return await _begun(work, ticket, thread_id) or await _begin(work, ticket, thread_id, policy)
    await tickets.wake(work, ticket, reason)
    if not policy.keep_assignee:
        await tickets.leave_to_nobody(work, ticket)
    return ticket


async def _may_reopen(work: Work, ticket: Ticket) -> bool:
    mine = (Status.account_id == work.account_id) & (Status.state == ticket.state)
    which = Status.id == ticket.status_id if ticket.status_id is not None else Status.is_default
    found = await work.session.scalar(select(Status.customer_may_reopen).where(mine, which))
    return found is not False


async def _begun(work: Work, ticket: Ticket, thread_id: UUID) -> Ticket | None:
    """One that the same conversation has begun already, for who answers an old mail twice."""
    mine = (Ticket.account_id == work.account_id) & (Ticket.thread_id == thread_id) & Ticket.state.not_in(DONE)
    newest = select(Ticket.id).where(mine, Ticket.state != "merged").order_by(Ticket.number.desc()).limit(1)
    found: UUID | None = await work.session.scalar(newest)
    return await lock_ticket(work, found) if found is not None and found != ticket.id else None


async def _team_of(work: Work, ticket: Ticket) -> UUID | None:
    """A team whose tickets are all done may have been deleted."""
    return ticket.team_id if await teams.keep(work, ticket.team_id) else None


async def _begin(work: Work, ticket: Ticket, thread_id: UUID, policy: FollowUpPolicy) -> Ticket:
    has = ticket.assignee_id
    keeps = policy.keep_assignee and has is not None and await people.can_be_assigned(work, has)
    opening = Opening(
        author=Author.of(work),
        ticket_id=new_id(),
        subject=ticket.subject,
        description="",
        priority=ticket.priority,
        tags=list(ticket.tags),
        fields=ticket.fields,
        channel=ticket.channel,
        origin_kind="system",
        assign=policy.keep_assignee and not keeps,
        team_id=await _team_of(work, ticket),
        assignee_id=has if keeps else None,
        customer_id=ticket.customer_id,
        thread_id=thread_id,
    )
    opened = await tickets.open_ticket(work, opening)
    if not isinstance(opened, Opened):
        raise opened
    link = Link(
        account_id=work.account_id,
        ticket_id=opening.ticket_id,
        other_id=ticket.id,
        kind="follow_up",
        author=str(work.actor),
        created_at=work.now,
    )
    work.session.add(link)
    return await lock_ticket(work, opening.ticket_id)
