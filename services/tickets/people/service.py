"""Questions about the account's people."""

from uuid import UUID

from services.tickets.people.models import ASSIGNABLE_ROLES, Person
from shared.bus.events import Actor
from shared.work import Work


async def name_of(work: Work, person_id: UUID | None) -> str | None:
    """The person's name as last heard, also of those who have left."""
    if person_id is None:
        return None
    person = await work.session.get(Person, (work.account_id, person_id))
    return person.name or None if person is not None else None


async def name_of_actor(work: Work, actor: Actor) -> str | None:
    """None for whoever is not a person of the account, such as an API key."""
    try:
        return await name_of(work, UUID(actor.id))
    except ValueError:
        return None


async def can_be_assigned(work: Work, person_id: UUID) -> bool:
    person = await work.session.get(Person, (work.account_id, person_id))
    return person is not None and person.active and person.role in ASSIGNABLE_ROLES
