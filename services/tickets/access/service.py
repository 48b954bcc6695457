"""What whoever asks may see and change. It is decided here and nowhere else.

A request of somebody who is limited carries a `Sight`. Single tickets come through `cases.repository`, which asks
`reaches`; whatever lists tickets has `visible` among its conditions. Handlers, timers and programs have no sight:
they see all.
"""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from services.tickets.access.models import AccessPolicy
from services.tickets.access.schemas import PolicyIn
from services.tickets.cases.models import Ticket
from services.tickets.people import service as people
from services.tickets.people.models import Person
from services.tickets.teams.models import Team, TeamMember
from services.tickets.watchers.models import Watcher
from shared.http.dependencies import check_match
from shared.http.errors import Forbidden
from shared.work import Work

# Roles whose people see and change everything, whatever the policy.
UNLIMITED: Final = ("owner", "admin")
_KEY: Final = "tickets.sight"


class OtherTeam(Forbidden):
    """This ticket belongs to a team in which you are no agent: you may read it, and change nothing."""

    code = "other_team"


class Limited(Forbidden):
    """This is for owners and admins, where people are kept to their teams; a team's lead looks after its members."""

    code = "limited_to_teams"


@dataclass(slots=True, kw_only=True)
class Sight:
    """Of somebody who is kept to their teams. `reads` are those in which they are anything, `works` those in which they
    are an agent or the lead. `changes`: the request may change something. `met`: tickets that this request had before,
    and has still if it has just given them to another team."""

    person_id: UUID
    hidden: bool
    changes: bool
    reads: frozenset[UUID]
    works: frozenset[UUID]
    leads: frozenset[UUID]
    met: set[UUID] = field(default_factory=set)


async def look(work: Work, *, changes: bool) -> None:
    """Called for each request before anything else: find out how far whoever asks can see."""
    person_id = people.person_behind(work.actor)
    if person_id is None:
        return
    one = (Person.account_id == work.account_id) & (Person.id == person_id)
    statement = select(AccessPolicy.other_teams, Person.role, Person.active).outerjoin(Person, one)
    found = (await work.session.execute(statement.where(AccessPolicy.account_id == work.account_id))).one_or_none()
    if found is None or found[0] == "open" or (found[1] in UNLIMITED and found[2]):
        return
    mine = (TeamMember.account_id == work.account_id) & (TeamMember.user_id == person_id)
    roles = {
        row[0]: row[1] for row in await work.session.execute(select(TeamMember.team_id, TeamMember.role).where(mine))
    }
    led = select(Team.id).where(Team.account_id == work.account_id, Team.lead_id == person_id)
    leads = frozenset(await work.session.scalars(led))
    work.session.info[_KEY] = Sight(
        person_id=person_id,
        hidden=found[0] == "hidden",
        changes=changes,
        reads=leads | roles.keys(),
        works=leads | {team_id for team_id, role in roles.items() if role == "agent"},
        leads=leads,
    )


def visible(work: Work) -> list[ColumnElement[bool]]:
    """What must hold of a ticket to be in a list. Whoever has a ticket sees it, and whoever watches it, having been
    mentioned for instance."""
    sight = _sight(work)
    if sight is None or not sight.hidden:
        return []
    watched = (Watcher.account_id == work.account_id) & (Watcher.user_id == sight.person_id)
    return [
        or_(
            Ticket.team_id.is_(None),
            Ticket.team_id.in_(sight.reads),
            Ticket.assignee_id == sight.person_id,
            Ticket.id.in_(select(Watcher.ticket_id).where(watched)),
        )
    ]


async def reaches(work: Work, ticket: Ticket) -> bool:
    """Whether this request may have the ticket. Raises `OtherTeam` if it may be read, and the request would change
    it."""
    sight = _sight(work)
    if sight is None or ticket.id in sight.met:
        return True
    its_own = ticket.team_id is None or ticket.assignee_id == sight.person_id
    if its_own or ticket.team_id in sight.works:
        sight.met.add(ticket.id)
        return True
    if sight.hidden and ticket.team_id not in sight.reads and not await _watches(work, ticket, sight):
        return False
    if sight.changes:
        raise OtherTeam
    return True


def grant(work: Work, ticket_id: UUID) -> None:
    """The request has made this ticket, so it may see it, whichever team it went to."""
    sight = _sight(work)
    if sight is not None:
        sight.met.add(ticket_id)


def check_unlimited(work: Work) -> None:
    """Who could change teams or rules could give themselves any ticket. Raises `Limited`."""
    if _sight(work) is not None:
        raise Limited


def check_leads(work: Work, team_id: UUID) -> None:
    """Raises `Limited` for who neither sees everything nor leads the team."""
    sight = _sight(work)
    if sight is not None and team_id not in sight.leads:
        raise Limited


async def policy_of(work: Work, *, lock: bool = False) -> AccessPolicy:
    statement = select(AccessPolicy).where(AccessPolicy.account_id == work.account_id)
    found: AccessPolicy | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    return found or AccessPolicy(account_id=work.account_id, other_teams="open", version=0, updated_at=work.now)


async def replace(work: Work, body: PolicyIn, expected: int | None) -> AccessPolicy:
    """Raises `StaleVersion`, or `Limited` for people who are neither owner nor admin, whatever holds so far."""
    person_id = people.person_behind(work.actor)
    if person_id is not None:
        person = await work.session.get(Person, (work.account_id, person_id))
        if person is None or not person.active or person.role not in UNLIMITED:
            raise Limited
    policy = await policy_of(work, lock=True)
    check_match(expected, policy.version)
    policy.other_teams = body.other_teams
    policy.version += 1
    policy.updated_at = work.now
    work.session.add(policy)
    await work.session.flush()
    return policy


async def _watches(work: Work, ticket: Ticket, sight: Sight) -> bool:
    one = (Watcher.account_id == work.account_id) & (Watcher.ticket_id == ticket.id)
    statement = select(Watcher.ticket_id).where(one, Watcher.user_id == sight.person_id)
    return await work.session.scalar(statement) is not None


def _sight(work: Work) -> Sight | None:
    found: Sight | None = work.session.info.get(_KEY)
    return found
