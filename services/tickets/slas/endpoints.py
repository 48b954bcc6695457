"""`/v1/sla-policies` and `/v1/tickets/{id}/sla`: what was promised, and how it is kept."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from services.tickets.slas import explaining
from services.tickets.slas import service as slas
from services.tickets.slas.models import Policy
from services.tickets.slas.schemas import ExplanationOut, PolicyIn, PolicyOut, SLAOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

policies = APIRouter(prefix="/v1/sla-policies", tags=["sla-policies"])
targets = APIRouter(prefix="/v1/tickets/{ticket_id}/sla", tags=["tickets"])


@policies.get("")
async def list_policies(work: TicketsRead, page: PageQuery) -> Page[PolicyOut]:
    """Oldest first. The default one holds for every new ticket."""
    statement = select(Policy).where(Policy.account_id == work.account_id)
    found = await paginate(work.session, statement, page, keys=(Policy.id.asc(),))
    return found.map(PolicyOut.model_validate)


@policies.get("/{policy_id}")
async def read_policy(policy_id: UUID, work: TicketsRead, response: Response) -> PolicyOut:
    """One policy, with the `ETag` that a change may carry as `If-Match`."""
    policy = await slas.find_policy(work, policy_id)
    set_etag(response, policy.version)
    return PolicyOut.model_validate(policy)


@policies.put("/{policy_id}")
async def replace_policy(
    policy_id: UUID, body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """Set name and targets. Tickets that are open keep the targets they have."""
    policy = await slas.replace_policy(work, policy_id, body, expected)
    set_etag(response, policy.version)
    return PolicyOut.model_validate(policy)


@targets.get("")
async def read_standing(ticket_id: UUID, work: TicketsRead) -> SLAOut:
    """Both targets: what is allowed, what is used up, when it is due, whether it was met."""
    return await explaining.standing_of(work, await find_ticket(work, ticket_id))


@targets.get("/explain")
async def explain_standing(ticket_id: UUID, work: TicketsRead) -> ExplanationOut:
    """The ledger behind both clocks: every stretch of the ticket's life, and whether and why it counts."""
    return await explaining.explain(work, await find_ticket(work, ticket_id))
