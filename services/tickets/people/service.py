"""Questions about the account's people."""

from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.tickets.people.models import ASSIGNABLE_ROLES, Person
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.work import Work

# Who uses the link in a mail, as histories have it.
CUSTOMER: Final = "customer"
_NAMELESS: Final = {
    ActorKind.HUMAN: "Somebody",
    ActorKind.BOT: "The assistant",
    ActorKind.RULE: "A rule",
    ActorKind.SYSTEM: "Heed",
    ActorKind.PARTNER: "A program",
}


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


def person_behind(actor: Actor) -> UUID | None:
    """None for whoever is not a person, such as an API key."""
    try:
        return UUID(actor.id) if actor.kind is ActorKind.HUMAN else None
    except ValueError:
        return None


async def name_of_author(work: Work, author: str) -> str:
    """Who stands in a history or a conversation, such as `human:01a2…`, as colleagues would call them."""
    kind, _, identifier = author.partition(":")
    if identifier == CUSTOMER:
        return "The customer"
    return await name_of_actor(work, Actor(ActorKind(kind), identifier)) or _NAMELESS[ActorKind(kind)]


async def known_to(work: Work) -> list[Person]:
    """All who work in the account today."""
    return list(await work.session.scalars(select(Person).where(Person.account_id == work.account_id, Person.active)))


async def works_here(work: Work, person_id: UUID) -> bool:
    person = await work.session.get(Person, (work.account_id, person_id))
    return person is not None and person.active


async def can_be_assigned(work: Work, person_id: UUID) -> bool:
    person = await work.session.get(Person, (work.account_id, person_id))
    return person is not None and person.active and person.role in ASSIGNABLE_ROLES
