"""`/v1/teams`: who works on tickets together, and how their tickets are handed out."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.teams import service as teams
from services.tickets.teams.models import Team, TeamMember
from services.tickets.teams.schemas import MemberOut, Membership, NewTeam, TeamOut, TeamPatch
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/teams", tags=["teams"])


@router.post("", status_code=201)
async def create_team(body: NewTeam, work: TicketsWrite, response: Response) -> TeamOut:
    """Make a team. It gets tickets by routing rules, or when a ticket is given its `team_id`."""
    return _answer(await teams.create(work, body), response)


@router.get("")
async def list_teams(work: TicketsRead, page: PageQuery) -> Page[TeamOut]:
    """Oldest first."""
    statement = select(Team).where(Team.account_id == work.account_id)
    found = await paginate(work.session, statement, page, keys=(Team.id.asc(),))
    return found.map(TeamOut.model_validate)


@router.get("/{team_id}")
async def read_team(team_id: UUID, work: TicketsRead, response: Response) -> TeamOut:
    """One team, with the `ETag` that a change may carry as `If-Match`."""
    return _answer(await teams.find(work, team_id), response)


@router.patch("/{team_id}")
async def edit_team(
    team_id: UUID, body: TeamPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> TeamOut:
    """Change what is sent. What waits in its queue is looked at again."""
    return _answer(await teams.edit(work, team_id, body, expected), response)


@router.delete("/{team_id}", status_code=204)
async def delete_team(team_id: UUID, work: TicketsWrite) -> None:
    """Only one that has no tickets to do and no routing rules."""
    await teams.remove(work, team_id)


@router.get("/{team_id}/members")
async def list_members(team_id: UUID, work: TicketsRead, page: PageQuery) -> Page[MemberOut]:
    """In the order of their ids."""
    await teams.find(work, team_id)
    found = await paginate(work.session, teams.members_of(work, team_id), page, keys=(TeamMember.user_id.asc(),))
    return found.map(lambda row: _member(*row))


@router.put("/{team_id}/members/{user_id}", status_code=204)
async def add_member(team_id: UUID, user_id: UUID, work: TicketsWrite, body: Membership | None = None) -> None:
    """Have somebody work in the team, or look at what it does; who is in it already gets the role that is sent. What
    they can do and when they are there: PUT /v1/agents/{user_id}."""
    await teams.add_member(work, team_id, user_id, (body or Membership()).role)


@router.delete("/{team_id}/members/{user_id}", status_code=204)
async def remove_member(team_id: UUID, user_id: UUID, work: TicketsWrite) -> None:
    """They get no more of its tickets; those that they have stay with them."""
    await teams.drop_member(work, team_id, user_id)


def _member(member: TeamMember, name: str | None) -> MemberOut:
    return MemberOut(
        user_id=member.user_id,
        name=name or None,
        role=member.role,
        since=member.since,
        last_assigned_at=member.last_assigned_at,
    )


def _answer(team: Team, response: Response) -> TeamOut:
    set_etag(response, team.version)
    return TeamOut.model_validate(team)
