"""Writing down what agents can do, and when they are away."""

from typing import Final
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from services.tickets.agents.models import Absence, Agent
from services.tickets.agents.schemas import AgentIn, NewAbsence
from services.tickets.calendars import service as calendars
from services.tickets.cases.models import Ticket
from services.tickets.people.models import ASSIGNABLE_ROLES, Person
from services.tickets.routing import queues
from services.tickets.slas import revisions
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST_ABSENCES: Final = 500


class NoSuchAgent(NotFound):
    """Nobody who works on tickets has this id; see GET /v1/agents."""


class NoSuchAbsence(NotFound):
    """There is no such absence."""


async def replace(work: Work, user_id: UUID, body: AgentIn, expected: int | None) -> None:
    """Raises `NoSuchAgent`, `StaleVersion`, or `Unacceptable` for a calendar that is not there."""
    await revisions.advance(work)
    await _person(work, user_id)
    await calendars.require(work, body.calendar_id)
    agent = await work.session.get(Agent, (work.account_id, user_id))
    check_match(expected, agent.version if agent is not None else 0)
    if agent is None:
        agent = Agent(account_id=work.account_id, user_id=user_id, version=0)
        work.session.add(agent)
    for name, value in body.model_dump().items():
        setattr(agent, name, value)
    agent.version += 1
    agent.updated_at = work.now
    await work.session.flush()
    await queues.look_again_everywhere(work)


async def add_absence(work: Work, user_id: UUID, body: NewAbsence) -> Absence:
    """Raises `NoSuchAgent`."""
    await revisions.advance(work)
    await _person(work, user_id)
    mine = (Absence.account_id == work.account_id) & (Absence.user_id == user_id)
    if (await work.session.scalar(select(func.count()).where(mine)) or 0) >= MOST_ABSENCES:
        raise Unacceptable(f"At most {MOST_ABSENCES} absences are kept of one person; delete old ones.")
    absence = Absence(
        id=new_id(), account_id=work.account_id, user_id=user_id, created_at=work.now, **body.model_dump()
    )
    work.session.add(absence)
    await work.session.flush()
    return absence


async def delete_absence(work: Work, user_id: UUID, absence_id: UUID) -> None:
    """Raises `NoSuchAbsence`."""
    await revisions.advance(work)
    one = (Absence.account_id == work.account_id) & (Absence.user_id == user_id) & (Absence.id == absence_id)
    absence = await work.session.scalar(select(Absence).where(one))
    if absence is None:
        raise NoSuchAbsence
    await work.session.delete(absence)
    await work.session.flush()
    await queues.look_again_everywhere(work)


def agents_of(work: Work) -> Select[Person, Agent | None, int]:
    """All who work on tickets, with what is known of them and how many open tickets they have."""
    theirs = (Ticket.account_id == work.account_id) & (Ticket.assignee_id == Person.id)
    load = select(func.count()).where(theirs, Ticket.state.in_(("new", "open"))).scalar_subquery()
    same = and_(Agent.account_id == Person.account_id, Agent.user_id == Person.id)
    mine = (Person.account_id == work.account_id) & Person.active & Person.role.in_(ASSIGNABLE_ROLES)
    return select(Person, Agent, load).outerjoin(Agent, same).where(mine)


def absences_of(work: Work, user_id: UUID) -> Select[Absence]:
    return select(Absence).where(Absence.account_id == work.account_id, Absence.user_id == user_id)


async def find(work: Work, user_id: UUID) -> tuple[Person, Agent | None, int]:
    """Raises `NoSuchAgent`."""
    row = (await work.session.execute(agents_of(work).where(Person.id == user_id))).one_or_none()
    if row is None:
        raise NoSuchAgent
    return row[0], row[1], row[2]


async def _person(work: Work, user_id: UUID) -> None:
    person = await work.session.get(Person, (work.account_id, user_id))
    if person is None or not person.active or person.role not in ASSIGNABLE_ROLES:
        raise NoSuchAgent
