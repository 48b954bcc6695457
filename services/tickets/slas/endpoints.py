"""`/v1/sla-policies` and `/v1/tickets/{id}/sla`: what was promised, and how it is kept."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from services.tickets.slas import explaining, policies, reapplying, what_if
from services.tickets.slas.models import Policy, PolicyVersion
from services.tickets.slas.policy_schemas import PolicyIn, PolicyOut, PolicyVersionOut, ReapplicationOut
from services.tickets.slas.schemas import ExplanationOut, SLAOut
from services.tickets.slas.what_if_schemas import WhatIf, WhatIfOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/sla-policies", tags=["sla-policies"])
targets = APIRouter(prefix="/v1/tickets/{ticket_id}/sla", tags=["tickets"])


@router.post("", status_code=201)
async def create_policy(body: PolicyIn, work: TicketsWrite, response: Response) -> PolicyOut:
    """Promise something to some tickets: those of a channel, a priority, a tag."""
    return _out(await policies.create(work, body), response)


@router.get("")
async def list_policies(work: TicketsRead, page: PageQuery) -> Page[PolicyOut]:
    """In the order in which they are tried; the default one is last."""
    statement = select(Policy).where(Policy.account_id == work.account_id, Policy.removed_at.is_(None))
    keys = (Policy.is_default.asc(), Policy.position.asc(), Policy.id.asc())
    found = await paginate(work.session, statement, page, keys=keys)
    return found.map(_shown)


@router.get("/{policy_id}")
async def read_policy(policy_id: UUID, work: TicketsRead, response: Response) -> PolicyOut:
    """One policy, with the `ETag` that a change may carry as `If-Match`."""
    return _out(await policies.find(work, policy_id), response)


@router.put("/{policy_id}")
async def replace_policy(
    policy_id: UUID, body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """Set all of it; that makes a version. Tickets that are open keep theirs, until it is applied to them anew."""
    return _out(await policies.replace(work, policy_id, body, expected), response)


@router.delete("/{policy_id}", status_code=204)
async def remove_policy(policy_id: UUID, work: TicketsWrite) -> None:
    """Not the default one. Tickets that were promised it keep it."""
    await policies.remove(work, policy_id)


@router.get("/{policy_id}/versions")
async def list_policy_versions(policy_id: UUID, work: TicketsRead, page: PageQuery) -> Page[PolicyVersionOut]:
    """What it said when, newest first, and who changed it."""
    await policies.find(work, policy_id)
    mine = (PolicyVersion.account_id == work.account_id) & (PolicyVersion.policy_id == policy_id)
    found = await paginate(work.session, select(PolicyVersion).where(mine), page, keys=(PolicyVersion.version.desc(),))
    return found.map(_version)


@router.post("/{policy_id}/reapply", status_code=202)
async def reapply_policy(policy_id: UUID, work: TicketsWrite) -> ReapplicationOut:
    """Give all open tickets that have this policy, or are to have it now, what the policies say today.

    That takes its time; `/v1/sla-policies/{policy_id}/reapplications/{id}` tells how far it has come."""
    return ReapplicationOut.model_validate(await reapplying.begin(work, policy_id))


@router.get("/{policy_id}/reapplications/{reapplication_id}")
async def read_reapplication(policy_id: UUID, reapplication_id: UUID, work: TicketsRead) -> ReapplicationOut:
    """How far it has come."""
    return ReapplicationOut.model_validate(await reapplying.find(work, policy_id, reapplication_id))


@router.post("/{policy_id}/what-if")
async def try_policy(policy_id: UUID, body: WhatIf, work: TicketsRead) -> WhatIfOut:
    """What a changed policy or calendar would have meant for the tickets of the last days. Changes nothing."""
    return await what_if.compare(work, policy_id, body)


@targets.get("")
async def read_standing(ticket_id: UUID, work: TicketsRead) -> SLAOut:
    """Both targets: what is allowed, what is used up, when it is due, whether it was met."""
    return await explaining.standing_of(work, await find_ticket(work, ticket_id))


@targets.get("/explain")
async def explain_standing(ticket_id: UUID, work: TicketsRead) -> ExplanationOut:
    """The ledger behind both clocks: every stretch of the ticket's life, and whether and why it counts."""
    return await explaining.explain(work, await find_ticket(work, ticket_id))


@targets.post("/reapply")
async def reapply_to_ticket(ticket_id: UUID, work: TicketsWrite) -> SLAOut:
    """Give the ticket the policy that is right for it today, as it says today. What is on the clock stays there."""
    return await explaining.standing_of(work, await reapplying.reapply(work, ticket_id))


def _out(policy: Policy, response: Response) -> PolicyOut:
    set_etag(response, policy.version)
    return _shown(policy)


def _shown(policy: Policy) -> PolicyOut:
    said = PolicyIn.model_validate(policy.spec)
    return PolicyOut(
        id=policy.id,
        is_default=policy.is_default,
        version=policy.version,
        created_at=policy.created_at,
        updated_at=policy.updated_at,
        **{name: getattr(said, name) for name in PolicyIn.model_fields},
    )


def _version(version: PolicyVersion) -> PolicyVersionOut:
    return PolicyVersionOut(
        version=version.version,
        created_at=version.created_at,
        actor=version.actor,
        policy=PolicyIn.model_validate(version.spec),
    )
