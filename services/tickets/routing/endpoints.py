"""`/v1/routing-rules`, and who has a ticket and why: `/v1/tickets/{id}/assignment` and `/v1/tickets/{id}/take`."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.answering import answer
from services.tickets.cases.schemas import TicketOut
from services.tickets.routing import explaining, taking
from services.tickets.routing import service as routing
from services.tickets.routing.explaining import AssignmentOut
from services.tickets.routing.models import RoutingRule
from services.tickets.routing.schemas import RuleIn, RuleOut, RulePatch, Simulation, SimulationRequest, Take
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

rules = APIRouter(prefix="/v1/routing-rules", tags=["routing"])
tickets = APIRouter(prefix="/v1/tickets/{ticket_id}", tags=["tickets"])


@rules.post("", status_code=201)
async def create_rule(body: RuleIn, work: TicketsWrite, response: Response) -> RuleOut:
    """Say which tickets go to which team. It holds for tickets that are opened from now on."""
    return _answer(await routing.create(work, body), response)


@rules.get("")
async def list_rules(work: TicketsRead, page: PageQuery) -> Page[RuleOut]:
    """In the order in which they are tried."""
    statement = select(RoutingRule).where(RoutingRule.account_id == work.account_id)
    keys = (RoutingRule.position.asc(), RoutingRule.id.asc())
    found = await paginate(work.session, statement, page, keys=keys)
    return found.map(RuleOut.model_validate)


@rules.post("/simulate")
async def simulate_rules(body: SimulationRequest, work: TicketsRead) -> Simulation:
    """What these rules would have done with the tickets of the last days: which held how often, which never get their
    turn because an earlier one holds too, and which tickets would have gone elsewhere. Nothing is changed."""
    return await routing.simulate(work, body)


@rules.get("/{rule_id}")
async def read_rule(rule_id: UUID, work: TicketsRead, response: Response) -> RuleOut:
    """One rule, with the `ETag` that a change may carry as `If-Match`."""
    return _answer(await routing.find(work, rule_id), response)


@rules.patch("/{rule_id}")
async def edit_rule(
    rule_id: UUID, body: RulePatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> RuleOut:
    """Change what is sent. Tickets that are there already stay where they are."""
    return _answer(await routing.edit(work, rule_id, body, expected), response)


@rules.delete("/{rule_id}", status_code=204)
async def delete_rule(rule_id: UUID, work: TicketsWrite) -> None:
    """It holds for no further ticket."""
    await routing.remove(work, rule_id)


@tickets.get("/assignment")
async def explain_assignment(ticket_id: UUID, work: TicketsRead) -> AssignmentOut:
    """Why the ticket is with whom it is: the rule, the team, and of all who came into question why, or why not."""
    return await explaining.explain(work, ticket_id)


@tickets.post("/take")
async def take_ticket(ticket_id: UUID, work: TicketsWrite, response: Response, body: Take | None = None) -> TicketOut:
    """Have it yourself. Of all who do this at once one wins; the others get a 409 that says who."""
    return await answer(work, await taking.take(work, ticket_id, body or Take()), response)


def _answer(rule: RoutingRule, response: Response) -> RuleOut:
    set_etag(response, rule.version)
    return RuleOut.model_validate(rule)
