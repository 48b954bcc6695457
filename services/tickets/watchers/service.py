"""Watching a ticket, and finding out whom a note means."""

import re
from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import Select, and_, delete, select
from sqlalchemy.dialects.postgresql import insert

from services.tickets.people.models import Person
from services.tickets.watchers.models import Because, Watcher
from shared.http.errors import NotFound
from shared.work import Work


class NobodyHere(NotFound):
    """Nobody who works here has this id; see /v1/users."""

    code = "unknown_person"


async def add(work: Work, ticket_id: UUID, user_ids: Collection[UUID], *, because: Because) -> None:
    """Whoever watches already goes on doing so."""
    rows = [
        {
            "account_id": work.account_id,
            "ticket_id": ticket_id,
            "user_id": user_id,
            "because": because,
            "since": work.now,
        }
        for user_id in user_ids
    ]
    await work.session.execute(insert(Watcher).values(rows).on_conflict_do_nothing())


async def ask(work: Work, ticket_id: UUID, user_id: UUID) -> None:
    """Raises `NobodyHere` for somebody who does not work in the account."""
    person = await work.session.get(Person, (work.account_id, user_id))
    if person is None or not person.active:
        raise NobodyHere
    await add(work, ticket_id, [user_id], because="asked")


async def remove(work: Work, ticket_id: UUID, user_id: UUID) -> None:
    """Nothing happens if they do not watch it."""
    one = (Watcher.account_id == work.account_id) & (Watcher.ticket_id == ticket_id) & (Watcher.user_id == user_id)
    await work.session.execute(delete(Watcher).where(one))


async def ids_of(work: Work, ticket_id: UUID) -> tuple[UUID, ...]:
    mine = (Watcher.account_id == work.account_id) & (Watcher.ticket_id == ticket_id)
    return tuple(await work.session.scalars(select(Watcher.user_id).where(mine).order_by(Watcher.user_id)))


def watchers_of(work: Work, ticket_id: UUID) -> Select[Watcher, str]:
    """With their names."""
    same = and_(Person.account_id == Watcher.account_id, Person.id == Watcher.user_id)
    mine = (Watcher.account_id == work.account_id) & (Watcher.ticket_id == ticket_id)
    return select(Watcher, Person.name).outerjoin(Person, same).where(mine)


def mentioned_in(text: str, people: Iterable[Person]) -> list[UUID]:
    """Whom `@Ana Sousa`, or `@Ana` if there is only one, means; in any case of letters, the longest name first."""
    called: dict[str, set[UUID]] = {}
    for person in people:
        name = " ".join(person.name.casefold().split())
        for each in {name, name.partition(" ")[0]} - {""}:
            called.setdefault(each, set()).add(person.id)
    if not called:
        return []
    names = "|".join(re.escape(name) for name in sorted(called, key=len, reverse=True))
    found = re.findall(rf"(?<!\w)@({names})(?!\w)", " ".join(text.casefold().split()))
    return sorted({next(iter(called[name])) for name in found if len(called[name]) == 1})
