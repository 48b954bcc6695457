"""Finding tickets by their words. Words are kept beside the tickets and brought up to date just after each change, so
that opening and changing tickets costs nothing more."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, TextClause, select, text

from services.tickets.access import service as access
from services.tickets.cases.answering import ticket_out
from services.tickets.cases.models import Ticket
from services.tickets.cases.repository import tickets_with_names
from services.tickets.cases.schemas import TicketOut
from services.tickets.listing.filters import Filters, conditions
from services.tickets.problems.service import among
from services.tickets.search.models import TicketText
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.db.database import planned_anew
from shared.db.pagination import Page, PageRequest, decode_cursor, encode_cursor
from shared.work import Work

# Of the latest messages of a ticket; PostgreSQL takes no more than a megabyte of words.
LONGEST: Final = 100_000
_ORDER: Final = "search"
GROWTH: Final = 8
LARGEST_PORTION: Final = 20_000

# Two who bring the same ticket up to date do so one after the other, or the older one could come last.
_HOLD: Final = text(
    "select id from tickets.tickets where account_id = :account_id and id = any(:ids) order by id for no key update"
)
_KEEP: Final[TextClause] = text(f"""
    insert into {TicketText.__table__} (account_id, ticket_id, words)
    select account_id, id, to_tsvector('simple', left(concat_ws(' ',
        replace(account_id::text, '-', ''), number, subject, description, array_to_string(tags, ' '), (
            select string_agg(value #>> '{{}}', ' ') from jsonb_each(fields)
        ), (
            select name from tickets.contacts contact
            where contact.account_id = ticket.account_id and contact.id = ticket.customer_id
        ), (
            select string_agg(text, ' ' order by id desc) from tickets.messages message
            where message.account_id = ticket.account_id and message.ticket_id = ticket.id
        )
    ), {LONGEST}))
    from tickets.tickets ticket where account_id = :account_id and id = any(:ids)
    on conflict (ticket_id) do update set words = excluded.words
""")
_FIND: Final = text("select tickets.search(:words, :below, :most)")


async def remember(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Something happened to the tickets that these are about."""
    await refresh(work, {event.subject for event in events})


async def refresh(work: Work, ticket_ids: Collection[UUID]) -> None:
    """Their words as they are now."""
    values = {"account_id": work.account_id, "ids": sorted(ticket_ids)}
    await work.session.flush()
    await work.session.execute(_HOLD, values)
    await work.session.execute(_KEEP, values)


async def refresh_of(work: Work, customer_id: UUID) -> None:
    """The customer is called something else now."""
    mine = (Ticket.account_id == work.account_id) & (Ticket.customer_id == customer_id)
    ticket_ids = (await work.session.scalars(select(Ticket.id).where(mine))).all()
    if ticket_ids:
        await refresh(work, ticket_ids)


async def search(work: Work, words: str, filters: Filters, page: PageRequest) -> Page[TicketOut]:
    """The newest tickets first. Raises `Unacceptable` for a cursor of something else."""
    below = decode_cursor(page.cursor, page.key, _ORDER)[0] if page.cursor is not None else None
    held = [*await conditions(work, filters), *access.visible(work)]
    found = await _find(work, words, held, below, page.limit + 1)
    shown = found[: page.limit]
    rows = await work.session.execute(tickets_with_names(work).where(Ticket.id.in_(shown)).order_by(Ticket.id.desc()))
    if len(found) > page.limit:
        page.next_cursor = encode_cursor([UUID(str(shown[-1]))], page.key, _ORDER)
    return Page[TicketOut](data=[ticket_out(work, *row) for row in rows], next_cursor=page.next_cursor)


async def _find(
    work: Work, words: str, held: Sequence[ColumnElement[bool]], below: UUID | None, most: int
) -> list[UUID]:
    """Words are the index's to find; what else must hold is asked of larger and larger portions of what it found, so
    that a common word with a rare state needs a few questions, and not one for each page of it."""
    found: list[UUID] = []
    portion = most
    while True:
        values = {"words": words, "below": below, "most": portion}
        ids: list[UUID] = list(await work.session.scalars(_FIND, values))
        found += await _of_these(work, ids, held) if held and ids else ids
        if len(found) >= most or len(ids) < portion:
            return found[:most]
        below, portion = ids[-1], min(portion * GROWTH, LARGEST_PORTION)


async def _of_these(work: Work, ids: Sequence[UUID], held: Sequence[ColumnElement[bool]]) -> Sequence[UUID]:
    mine = (Ticket.account_id == work.account_id, Ticket.id == among(ids))
    statement = select(Ticket.id).where(*mine, *held).order_by(Ticket.id.desc())
    async with planned_anew(work.session, len(ids)):
        return (await work.session.scalars(statement)).all()
