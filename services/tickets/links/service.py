"""Linking tickets. A ticket has one parent at most, and nobody is their own ancestor."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Select, and_, case, delete, or_, select

from services.tickets.access import service as access
from services.tickets.cases.history import record
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import find_ticket, lock_tickets
from services.tickets.links.models import Kind, Link
from services.tickets.links.schemas import Relation
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.work import Work

# What the ticket is to the other one, and the other to it.
_WORDS: Final[Mapping[Kind, tuple[Relation, Relation]]] = {
    "related": ("related", "related"),
    "child": ("child_of", "parent_of"),
    "duplicate": ("duplicate_of", "duplicated_by"),
    "split": ("split_from", "split_into"),
    "follow_up": ("follow_up_of", "followed_up_by"),
}
_KINDS: Final = {word: (kind, words.index(word)) for kind, words in _WORDS.items() for word in words}


class AlreadyLinked(Conflict):
    """These two tickets are linked already. Take the link away first if it is the wrong one."""

    code = "already_linked"


class HasParent(Conflict):
    """The child has a parent already."""

    code = "has_parent"


class LinkCycle(Conflict):
    """The parent is below the child already: a ticket cannot be its own ancestor."""

    code = "link_cycle"


class NotLinked(NotFound):
    """These two tickets are not linked."""

    code = "not_linked"


async def link(work: Work, ticket_id: UUID, other_id: UUID, relation: Relation) -> Link:
    """`ticket_id` is `relation` (child_of, ...) `other_id`. Raises `NoSuchTicket`, `AlreadyLinked`, `HasParent`,
    `LinkCycle`, or `Unacceptable` for itself or an unknown other one."""
    if ticket_id == other_id:
        raise Unacceptable.field("/ticket_id", "itself", "A ticket cannot be linked with itself.")
    locked = await lock_tickets(work, ticket_id, [other_id])
    if await _between(work, ticket_id, other_id) is not None:
        raise AlreadyLinked
    kind, turned = _KINDS[relation]
    lower, upper = (other_id, ticket_id) if turned else (ticket_id, other_id)
    if kind == "related":
        lower, upper = sorted((ticket_id, other_id))
    if kind == "child":
        await _check_family(work, lower, upper)
    made = Link(
        account_id=work.account_id,
        ticket_id=lower,
        other_id=upper,
        kind=kind,
        author=str(work.actor),
        created_at=work.now,
    )
    work.session.add(made)
    _remember(work, locked, made, linked=True)
    await work.session.flush()
    return made


async def unlink(work: Work, ticket_id: UUID, other_id: UUID) -> None:
    """Raises `NoSuchTicket` or `NotLinked`."""
    await find_ticket(work, ticket_id)
    if await _between(work, ticket_id, other_id) is None:
        raise NotLinked
    locked = await lock_tickets(work, ticket_id, [other_id])
    found = await _between(work, ticket_id, other_id)
    if found is None:
        raise NotLinked
    _remember(work, locked, found, linked=False)
    await work.session.execute(delete(Link).where(Link.ticket_id == found.ticket_id, Link.other_id == found.other_id))


def links_of(work: Work, ticket_id: UUID) -> Select[Link, Ticket]:
    """With the other tickets."""
    other = case((Link.ticket_id == ticket_id, Link.other_id), else_=Link.ticket_id)
    touches = or_(Link.ticket_id == ticket_id, Link.other_id == ticket_id)
    mine = (Link.account_id == work.account_id, *access.visible(work))
    return select(Link, Ticket).join(Ticket, Ticket.id == other).where(*mine, touches)


def relation_of(link: Link, ticket_id: UUID) -> Relation:
    """What this one of the two is to the other."""
    return _WORDS[link.kind][0 if link.ticket_id == ticket_id else 1]


async def _between(work: Work, one: UUID, two: UUID) -> Link | None:
    either = or_(
        and_(Link.ticket_id == one, Link.other_id == two),
        and_(Link.ticket_id == two, Link.other_id == one),
    )
    found: Link | None = await work.session.scalar(select(Link).where(Link.account_id == work.account_id, either))
    return found


async def _check_family(work: Work, child: UUID, parent: UUID) -> None:
    if await _parent_of(work, child) is not None:
        raise HasParent
    above: UUID | None = parent
    while above is not None:
        above = await _parent_of(work, above)
        if above == child:
            raise LinkCycle


async def _parent_of(work: Work, ticket_id: UUID) -> UUID | None:
    mine = (Link.account_id == work.account_id) & (Link.ticket_id == ticket_id) & (Link.kind == "child")
    # Whoever links above or below at this moment waits, or the two would close a circle between them.
    parent_id: UUID | None = await work.session.scalar(select(Link.other_id).where(mine).with_for_update())
    return parent_id


def _remember(work: Work, tickets: Mapping[UUID, Ticket], link: Link, *, linked: bool) -> None:
    for mine, theirs in ((link.ticket_id, link.other_id), (link.other_id, link.ticket_id)):
        words = f"{relation_of(link, mine)} #{tickets[theirs].number}"
        record(work, tickets[mine], "updated", changes={"link": (None, words) if linked else (words, None)})
