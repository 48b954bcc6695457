"""“Ana is writing”: said every few seconds by whoever is there, and forgotten soon after they stop saying it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.tickets.people import service as people
from services.tickets.presence.models import Activity, Presence
from shared.work import Work

LASTS: Final = timedelta(seconds=30)


async def say(work: Work, ticket_id: UUID, activity: Activity) -> Sequence[Presence]:
    """The caller is there. Returns all who are, them included."""
    gone = (Presence.account_id == work.account_id) & (Presence.ticket_id == ticket_id) & (Presence.until <= work.now)
    await work.session.execute(delete(Presence).where(gone))
    name = await people.name_of_author(work, str(work.actor))
    told = {"name": name, "activity": activity, "until": work.now + LASTS}
    mine = {"account_id": work.account_id, "ticket_id": ticket_id, "actor": str(work.actor)}
    statement = insert(Presence).values(mine | told)
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=["ticket_id", "actor"], set_=told),
    )
    return await present_at(work, ticket_id)


async def leave(work: Work, ticket_id: UUID) -> None:
    me = (Presence.account_id == work.account_id) & (Presence.actor == str(work.actor))
    await work.session.execute(delete(Presence).where(me, Presence.ticket_id == ticket_id))


async def present_at(work: Work, ticket_id: UUID) -> Sequence[Presence]:
    """Those who write first, each group by name."""
    there = (Presence.account_id == work.account_id) & (Presence.ticket_id == ticket_id) & (Presence.until > work.now)
    order = (Presence.activity.desc(), Presence.name, Presence.actor)
    return (await work.session.scalars(select(Presence).where(there).order_by(*order))).all()
