"""What customers are asked when their ticket is resolved: `/v1/tickets/satisfaction-policy`, and one for each team."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.satisfaction import service as satisfaction
from services.tickets.satisfaction.models import SatisfactionPolicy
from services.tickets.satisfaction.schemas import PolicyIn, PolicyOut
from services.tickets.teams import service as teams
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

account = APIRouter(prefix="/v1/tickets/satisfaction-policy", tags=["tickets"])
team = APIRouter(prefix="/v1/teams/{team_id}/satisfaction-policy", tags=["teams"])


@account.get("")
async def read_satisfaction_policy(work: TicketsRead, response: Response) -> PolicyOut:
    """With the `ETag` that a change may carry as `If-Match`."""
    return _answer(await satisfaction.policy_of(work, work.account_id), response)


@account.put("")
async def replace_satisfaction_policy(
    body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """For the tickets of all teams that have none of their own. It holds for what is resolved from now on."""
    return _answer(await satisfaction.replace(work, work.account_id, body, expected), response)


@team.get("")
async def read_team_satisfaction_policy(team_id: UUID, work: TicketsRead, response: Response) -> PolicyOut:
    """As it would hold for the team; `version` 0: the account's holds."""
    await teams.find(work, team_id)
    return _answer(await satisfaction.policy_of(work, team_id), response)


@team.put("")
async def replace_team_satisfaction_policy(
    team_id: UUID, body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """For this team's tickets, instead of the account's."""
    await teams.find(work, team_id)
    return _answer(await satisfaction.replace(work, team_id, body, expected), response)


@team.delete("", status_code=204)
async def delete_team_satisfaction_policy(team_id: UUID, work: TicketsWrite) -> None:
    """The account's holds for the team again."""
    await teams.find(work, team_id)
    await satisfaction.remove(work, team_id)


def _answer(policy: SatisfactionPolicy, response: Response) -> PolicyOut:
    set_etag(response, policy.version)
    return PolicyOut.model_validate(policy)
