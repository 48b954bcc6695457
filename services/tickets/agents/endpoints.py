"""`/v1/agents`: who works on tickets, what they can do, and when they are away."""

from uuid import UUID

from fastapi import Response

from services.tickets.agents import service as agents
from services.tickets.agents.models import Absence, Agent
from services.tickets.agents.schemas import AbsenceOut, AgentIn, AgentOut, NewAbsence
from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.people.models import Person
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/agents", tags=["teams"])


@router.get("")
async def list_agents(work: TicketsRead, page: PageQuery) -> Page[AgentOut]:
    """All who work on tickets, in the order of their ids."""
    found = await paginate(work.session, agents.agents_of(work), page, keys=(Person.id.asc(),))
    return found.map(lambda row: _out(*row))


@router.get("/{user_id}")
async def read_agent(user_id: UUID, work: TicketsRead, response: Response) -> AgentOut:
    """One of them, with the `ETag` that a change may carry as `If-Match`."""
    return await _answer(work, user_id, response)


@router.put("/{user_id}")
async def write_agent(
    user_id: UUID, body: AgentIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> AgentOut:
    """Say what they can do, how many tickets they get at once, and when they work: all of it."""
    await agents.replace(work, user_id, body, expected)
    return await _answer(work, user_id, response)


@router.post("/{user_id}/absences", status_code=201)
async def add_absence(user_id: UUID, body: NewAbsence, work: TicketsWrite) -> AbsenceOut:
    """They are out of office: nothing is handed to them meanwhile."""
    return AbsenceOut.model_validate(await agents.add_absence(work, user_id, body))


@router.get("/{user_id}/absences")
async def list_absences(user_id: UUID, work: TicketsRead, page: PageQuery) -> Page[AbsenceOut]:
    """Latest first."""
    await agents.find(work, user_id)
    keys = (Absence.starts_at.desc(), Absence.id.desc())
    found = await paginate(work.session, agents.absences_of(work, user_id), page, keys=keys)
    return found.map(AbsenceOut.model_validate)


@router.delete("/{user_id}/absences/{absence_id}", status_code=204)
async def delete_absence(user_id: UUID, absence_id: UUID, work: TicketsWrite) -> None:
    """They are back, or will be there after all."""
    await agents.delete_absence(work, user_id, absence_id)


async def _answer(work: Work, user_id: UUID, response: Response) -> AgentOut:
    found = _out(*await agents.find(work, user_id))
    set_etag(response, found.version)
    return found


def _out(person: Person, agent: Agent | None, open_tickets: int) -> AgentOut:
    return AgentOut(
        user_id=person.id,
        name=person.name,
        skills=agent.skills if agent else [],
        languages=agent.languages if agent else [],
        capacity=agent.capacity if agent else None,
        channel_capacity=agent.channel_capacity if agent else {},
        calendar_id=agent.calendar_id if agent else None,
        open_tickets=open_tickets,
        version=agent.version if agent else 0,
        updated_at=agent.updated_at if agent else None,
    )
