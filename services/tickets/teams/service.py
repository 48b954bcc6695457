"""Making teams, and who belongs to them."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.tickets.access import service as access
from services.tickets.calendars import service as calendars
from services.tickets.cases.models import Ticket
from services.tickets.cases.states import ACTIVE
from services.tickets.people import service as people
from services.tickets.people.models import Person
from services.tickets.routing import queues
from services.tickets.routing.models import RoutingRule
from services.tickets.routing.refusals import unknown_person, unknown_team
from services.tickets.slas import revisions
from services.tickets.teams.models import Team, TeamMember, TeamRole
from services.tickets.teams.schemas import NewTeam, TeamPatch
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST: Final = 200
MOST_MEMBERS: Final = 200


class NoSuchTeam(NotFound):
    """There is no such team."""


class NameTaken(Conflict):
    """There is a team of this name already."""

    code = "name_taken"


class TeamInUse(Conflict):
    """Tickets that are not done, or routing rules, belong to this team; `errors` says where to look."""

    code = "team_in_use"


async def create(work: Work, body: NewTeam) -> Team:
    """Raises `Limited`, `NameTaken`, or `Unacceptable` for a lead or a calendar that is not there."""
    access.check_unlimited(work)
    await revisions.advance(work)
    if (await work.session.scalar(select(func.count()).where(Team.account_id == work.account_id)) or 0) >= MOST:
        raise Unacceptable(f"An account has at most {MOST} teams; delete one first.")
    await _check(work, body.model_dump(), but=None)
    team = Team(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **body.model_dump(),
    )
    work.session.add(team)
    await work.session.flush()
    return team


async def edit(work: Work, team_id: UUID, patch: TeamPatch, expected: int | None) -> Team:
    """Raises `NoSuchTeam`, `StaleVersion`, or what `create` does."""
    access.check_unlimited(work)
    await revisions.advance(work)
    team = await find(work, team_id, lock=True)
    check_match(expected, team.version)
    if wanted := differing(team, patch.model_dump(exclude_unset=True)):
        await _check(work, wanted, but=team.id)
        change(work, team, wanted)
        await work.session.flush()
        await queues.look_again(work, team.id)
    return team


async def remove(work: Work, team_id: UUID) -> None:
    """Raises `Limited`, `NoSuchTeam` or `TeamInUse`. Tickets that are done keep its id."""
    access.check_unlimited(work)
    await revisions.advance(work)
    team = await find(work, team_id, lock=True)
    problems = []
    having = (Ticket.account_id == work.account_id) & (Ticket.team_id == team_id) & Ticket.state.in_(ACTIVE)
    if await work.session.scalar(select(Ticket.id).where(having).limit(1)) is not None:
        problems.append(FieldProblem("/tickets", "tickets", f"See GET /v1/tickets?team_id={team_id}."))
    leading = (RoutingRule.account_id == work.account_id) & (RoutingRule.team_id == team_id)
    if await work.session.scalar(select(RoutingRule.id).where(leading).limit(1)) is not None:
        problems.append(FieldProblem("/routing-rules", "rules", "See GET /v1/routing-rules."))
    if problems:
        raise TeamInUse(errors=tuple(problems))
    await work.session.delete(team)
    await work.session.flush()


async def find(work: Work, team_id: UUID, *, lock: bool = False) -> Team:
    """Raises `NoSuchTeam`."""
    statement = select(Team).where(Team.account_id == work.account_id, Team.id == team_id)
    team = await work.session.scalar(statement.with_for_update() if lock else statement)
    if team is None:
        raise NoSuchTeam
    return team


async def require(work: Work, team_id: UUID | None, *, pointer: str = "/team_id") -> None:
    """Raises `Unacceptable` if it is not there; else as `keep`."""
    if team_id is not None and not await keep(work, team_id):
        raise unknown_team(pointer)


async def keep(work: Work, team_id: UUID | None) -> bool:
    """Whether it is there. Held, so that nobody deletes it while it is being given something."""
    one = (Team.account_id == work.account_id) & (Team.id == team_id)
    return await work.session.scalar(select(Team.id).where(one).with_for_update(read=True)) is not None


async def add_member(work: Work, team_id: UUID, user_id: UUID, role: TeamRole) -> None:
    """Whoever is in it already gets this role. Raises `NoSuchTeam`, `Limited`, or `Unacceptable` for an agent who does
    not work on tickets, or a viewer who does not work here."""
    access.check_leads(work, team_id)
    await revisions.advance(work)
    await find(work, team_id, lock=True)
    if not await (people.can_be_assigned if role == "agent" else people.works_here)(work, user_id):
        raise unknown_person("/user_id")
    if (await work.session.scalar(select(func.count()).where(TeamMember.team_id == team_id)) or 0) >= MOST_MEMBERS:
        raise Unacceptable(f"A team has at most {MOST_MEMBERS} members.")
    row = {"account_id": work.account_id, "team_id": team_id, "user_id": user_id, "role": role, "since": work.now}
    joined = insert(TeamMember).values(row)
    key = ["team_id", "user_id"]
    await work.session.execute(joined.on_conflict_do_update(index_elements=key, set_={"role": role}))
    await queues.look_again(work, team_id)


async def drop_member(work: Work, team_id: UUID, user_id: UUID) -> None:
    """Their tickets stay with them. Nothing happens if they are not in it. Raises `NoSuchTeam` or
    `Limited`."""
    access.check_leads(work, team_id)
    await revisions.advance(work)
    await find(work, team_id, lock=True)
    one = (TeamMember.account_id == work.account_id) & (TeamMember.team_id == team_id)
    await work.session.execute(delete(TeamMember).where(one, TeamMember.user_id == user_id))


async def has_member(work: Work, team_id: UUID, user_id: UUID | None) -> bool:
    """As an agent; viewers get no tickets."""
    member = await work.session.get(TeamMember, (team_id, user_id)) if user_id is not None else None
    return member is not None and member.role == "agent"


async def lead_of(work: Work, team_id: UUID | None) -> UUID | None:
    mine = (Team.account_id == work.account_id) & (Team.id == team_id)
    return await work.session.scalar(select(Team.lead_id).where(mine)) if team_id is not None else None


def members_of(work: Work, team_id: UUID) -> Select[TeamMember, str]:
    """With their names."""
    same = and_(Person.account_id == TeamMember.account_id, Person.id == TeamMember.user_id)
    mine = (TeamMember.account_id == work.account_id) & (TeamMember.team_id == team_id)
    return select(TeamMember, Person.name).outerjoin(Person, same).where(mine)


async def _check(work: Work, values: dict[str, Any], but: UUID | None) -> None:
    if "name" in values:
        same = (Team.account_id == work.account_id) & (func.lower(Team.name) == func.lower(values["name"]))
        if await work.session.scalar(select(Team.id).where(same)) not in (None, but):
            raise NameTaken
    if values.get("lead_id") is not None and not await people.can_be_assigned(work, values["lead_id"]):
        raise unknown_person("/lead_id")
    await calendars.require(work, values.get("calendar_id"))
