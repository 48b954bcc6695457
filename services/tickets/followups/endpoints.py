"""What becomes of what customers write after the work was done, for the account and for each team."""

from uuid import UUID

from fastapi import Response

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.followups import service as followups
from services.tickets.followups.models import FollowUpPolicy
from services.tickets.followups.schemas import PolicyIn, PolicyOut
from services.tickets.teams import service as teams
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

account = APIRouter(prefix="/v1/tickets/follow-up-policy", tags=["tickets"])
team = APIRouter(prefix="/v1/teams/{team_id}/follow-up-policy", tags=["teams"])


@account.get("")
async def read_follow_up_policy(work: TicketsRead, response: Response) -> PolicyOut:
    """With the `ETag` that a change may carry as `If-Match`."""
    return _answer(await followups.policy_of(work, work.account_id), response)


@account.put("")
async def replace_follow_up_policy(
    body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """For the tickets of all teams that have none of their own. It holds for what is written from now on. A status may
    say that customers do not reopen what has it."""
    return _answer(await followups.replace(work, work.account_id, body, expected), response)


@team.get("")
async def read_team_follow_up_policy(team_id: UUID, work: TicketsRead, response: Response) -> PolicyOut:
    """The team's own; `version` 0: it has none, and the account's holds."""
    await teams.find(work, team_id)
    return _answer(await followups.policy_of(work, team_id), response)


@team.put("")
async def replace_team_follow_up_policy(
    team_id: UUID, body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """For this team's tickets, instead of the account's."""
    await teams.find(work, team_id)
    return _answer(await followups.replace(work, team_id, body, expected), response)


@team.delete("", status_code=204)
async def delete_team_follow_up_policy(team_id: UUID, work: TicketsWrite) -> None:
    """The account's holds for the team again."""
    await teams.find(work, team_id)
    await followups.remove(work, team_id)


def _answer(policy: FollowUpPolicy, response: Response) -> PolicyOut:
    set_etag(response, policy.version)
    return PolicyOut.model_validate(policy)
