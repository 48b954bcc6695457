"""Somebody else for a ticket that has waited too long with whoever has it, of those who are named."""

from collections.abc import Collection
from uuid import UUID

from services.tickets.cases.models import Ticket
from services.tickets.cases.opening import hold_counter
from services.tickets.routing.choosing import Need, choose
from services.tickets.routing.roster import roster_of, staff_of
from shared.db.database import driver_of
from shared.work import Work


async def somebody_of(work: Work, ticket: Ticket, user_ids: Collection[UUID], language: str | None) -> UUID | None:
    """Who is there, has room and speaks the language, and has least to do; never who has it now. None: nobody can.

    Skills and team count no more: it waits already with those who have them.
    """
    connection = await driver_of(work.session)
    revision = await hold_counter(connection, work.account_id)
    if revision is None:
        return None
    roster = await roster_of(connection, work.account_id, revision, work.now)
    staff = [worker for worker in await staff_of(connection, work.account_id) if worker.user_id in user_ids]
    need = Need(ticket.id, ticket.channel, language=language, had_it=ticket.assignee_id)
    chosen = choose(need, staff, roster.profiles, work.now).chosen
    return chosen.user_id if chosen is not None else None
