"""Whether, and what, a customer is asked when their ticket is resolved: the team's policy, or else the account's."""

from uuid import UUID

from sqlalchemy import select

from services.tickets.cases.models import Ticket
from services.tickets.satisfaction.models import SatisfactionPolicy
from services.tickets.satisfaction.schemas import PolicyIn
from shared.contracts.tickets import Satisfaction
from shared.http.dependencies import check_match
from shared.work import Work


async def policy_of(work: Work, scope_id: UUID, *, lock: bool = False) -> SatisfactionPolicy:
    """That of a team or of the account; what holds without one, if there is none."""
    mine = (SatisfactionPolicy.account_id == work.account_id) & (SatisfactionPolicy.scope_id == scope_id)
    statement = select(SatisfactionPolicy).where(mine)
    found: SatisfactionPolicy | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    return found or SatisfactionPolicy(
        account_id=work.account_id,
        scope_id=scope_id,
        ask=True,
        kind="csat",
        survey_id=None,
        delay_seconds=None,
        version=0,
        updated_at=work.now,
    )


async def replace(work: Work, scope_id: UUID, body: PolicyIn, expected: int | None) -> SatisfactionPolicy:
    """Raises `StaleVersion`."""
    policy = await policy_of(work, scope_id, lock=True)
    check_match(expected, policy.version)
    for name, value in body.model_dump().items():
        setattr(policy, name, value)
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


async def for_ticket(work: Work, ticket: Ticket, skip: str | None) -> Satisfaction:
    """What the event tells those who ask. `skip`: why whoever resolves it wants nobody asked."""
    policy = await _policy_for(work, ticket)
    why_not = skip
    if policy is not None and not policy.ask:
        why_not = why_not or "the policy says not to ask"
    return Satisfaction(
        ask=why_not is None,
        why_not=why_not,
        kind=policy.kind if policy is not None else None,
        survey_id=policy.survey_id if policy is not None else None,
        delay_seconds=policy.delay_seconds if policy is not None else None,
    )


async def _policy_for(work: Work, ticket: Ticket) -> SatisfactionPolicy | None:
    for scope_id in (ticket.team_id, work.account_id):
        if scope_id is not None:
            policy = await policy_of(work, scope_id)
            if policy.version:
                return policy
    return None
