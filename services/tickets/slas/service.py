"""The clocks of one ticket, kept in step with what happens to it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from services.tickets.cases.history import moment_of, record
from services.tickets.cases.models import Change, Ticket
from services.tickets.slas import clock
from services.tickets.slas.clock import Entry, Target
from services.tickets.slas.models import Policy
from services.tickets.slas.schemas import PolicyIn
from shared.contracts.tickets import TargetMissed
from shared.http.dependencies import check_match
from shared.http.errors import NotFound
from shared.work import Work

# What happens at the due time is still in time, so the alarm rings just after it.
JUST_AFTER = timedelta(microseconds=1)


class NoSuchPolicy(NotFound):
    """There is no such SLA policy."""


async def entries_of(work: Work, ticket_id: UUID) -> Sequence[Entry]:
    """When the ticket came into which state, from its opening on."""
    statement = select(Change.at, Change.state).where(Change.ticket_id == ticket_id).order_by(Change.version)
    return [(at, state) for at, state in await work.session.execute(statement)]


def allowance_of(ticket: Ticket, target: Target) -> timedelta:
    return timedelta(seconds=getattr(ticket, f"{target}_seconds"))


def is_met(ticket: Ticket, target: Target) -> bool:
    """A first response stands; a resolution only as long as the ticket stays resolved."""
    if target is Target.FIRST_RESPONSE:
        return ticket.first_responded_at is not None
    return ticket.state in ("resolved", "closed")


def settle(work: Work, ticket: Ticket) -> None:
    """Write down the targets that were missed up to this moment. Called before anything else changes the ticket."""
    for target in Target:
        due: datetime | None = getattr(ticket, f"{target}_due_at")
        known = getattr(ticket, f"{target}_missed_at") is not None
        if known or is_met(ticket, target) or due is None or not clock.is_missed(due, moment_of(work, ticket)):
            continue
        setattr(ticket, f"{target}_missed_at", due)
        record(work, ticket, "target_missed", changes={f"{target}_missed_at": (None, due.isoformat())})
        missed = TargetMissed(
            ticket_id=ticket.id,
            number=ticket.number,
            target=target.value,
            due_at=due,
            assignee_id=ticket.assignee_id,
            customer_id=ticket.customer_id,
            origin_customer_id=ticket.origin_customer_id,
        )
        work.emit(missed, subject=ticket.id, version=ticket.version)


async def follow(work: Work, ticket: Ticket) -> Sequence[Entry]:
    """Compute the due times anew after a change of state, priority or target, and set the alarms to them."""
    await work.session.flush()
    entries = await entries_of(work, ticket.id)
    for target in Target:
        if target is Target.FIRST_RESPONSE and is_met(ticket, target):
            continue
        due = clock.due_at(entries, target, allowance_of(ticket, target))
        setattr(ticket, f"{target}_due_at", due)
        await _set_alarm(work, ticket, target, due)
    return entries


async def stop_alarm(work: Work, ticket: Ticket, target: Target) -> None:
    await work.cancel(f"sla.{target}", key=str(ticket.id))


async def _set_alarm(work: Work, ticket: Ticket, target: Target, due: datetime | None) -> None:
    missed = getattr(ticket, f"{target}_missed_at") is not None
    if due is None or missed or is_met(ticket, target):
        await stop_alarm(work, ticket, target)
    else:
        await work.schedule(f"sla.{target}", key=str(ticket.id), due_at=due + JUST_AFTER)


async def apply_priority(work: Work, ticket: Ticket) -> None:
    """The targets that the ticket's policy has today for its new priority; time already on the clock stays there."""
    policy = await work.session.get_one(Policy, ticket.policy_id)
    targets = policy.targets[ticket.priority]
    ticket.first_response_seconds = targets["first_response_seconds"]
    ticket.resolution_seconds = targets["resolution_seconds"]


async def find_policy(work: Work, policy_id: UUID, *, lock: bool = False) -> Policy:
    """Raises `NoSuchPolicy`."""
    statement = select(Policy).where(Policy.account_id == work.account_id, Policy.id == policy_id)
    policy = await work.session.scalar(statement.with_for_update() if lock else statement)
    if policy is None:
        raise NoSuchPolicy
    return policy


async def replace_policy(work: Work, policy_id: UUID, body: PolicyIn, expected: int | None) -> Policy:
    policy = await find_policy(work, policy_id, lock=True)
    check_match(expected, policy.version)
    targets = body.targets.model_dump()
    if (policy.name, policy.targets) != (body.name, targets):
        policy.name, policy.targets = body.name, targets
        policy.version += 1
        policy.updated_at = work.now
        await work.session.flush()
    return policy
