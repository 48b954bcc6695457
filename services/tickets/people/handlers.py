"""Keeps the copy of the account's people up to date, in whatever order the events come."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.tickets.people.models import Person
from shared.bus.events import Event
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.work import Work


async def remember(work: Work, event: Event[UserAdded]) -> None:
    await _know(work, event)


async def update(work: Work, event: Event[UserUpdated]) -> None:
    await _know(work, event)


async def forget(work: Work, event: Event[UserRemoved]) -> None:
    """Their tickets stay with them until somebody takes over; new ones go to others."""
    gone: dict[str, Any] = {"active": False, "version": event.aggregate_version}
    await _upsert(work, event.data.user_id, {"name": "", "role": "", **gone}, changes=gone)


async def _know(work: Work, event: Event[UserAdded] | Event[UserUpdated]) -> None:
    known = {"name": event.data.name, "role": event.data.role, "active": True, "version": event.aggregate_version}
    await _upsert(work, event.data.user_id, known, changes=known)


async def _upsert(work: Work, person_id: UUID, values: dict[str, Any], *, changes: dict[str, Any]) -> None:
    statement = insert(Person).values(account_id=work.account_id, id=person_id, **values)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "id"],
            set_=changes,
            where=Person.version < statement.excluded.version,
        )
    )
