"""Who writes twice about one thing has two tickets, until somebody sees it."""

from datetime import timedelta
from typing import Final

from sqlalchemy import or_, select

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.duplicates.likeness import LEAST, likeness, words_of
from services.tickets.duplicates.schemas import DuplicateOut
from services.tickets.links.models import Link
from shared.work import Work

SINCE: Final = timedelta(days=90)
MOST_LOOKED_AT: Final = 200
MOST: Final = 10


async def suggest(work: Work, ticket: Ticket) -> list[DuplicateOut]:
    """Not those that are merged, or linked with it already: there somebody has decided."""
    if ticket.customer_id is None or ticket.state == "merged":
        return []
    theirs = (Ticket.account_id == work.account_id) & (Ticket.customer_id == ticket.customer_id)
    linked = select(Link).where(
        Link.account_id == work.account_id,
        or_(
            (Link.ticket_id == ticket.id) & (Link.other_id == Ticket.id),
            (Link.other_id == ticket.id) & (Link.ticket_id == Ticket.id),
        ),
    )
    statement = select(Ticket).where(
        theirs,
        Ticket.id != ticket.id,
        Ticket.state != "merged",
        Ticket.opened_at.between(ticket.opened_at - SINCE, ticket.opened_at + SINCE),
        ~linked.exists(),
        *access.visible(work),
    )
    newest = statement.order_by(Ticket.opened_at.desc()).limit(MOST_LOOKED_AT)
    found = [_compared(ticket, other) for other in await work.session.scalars(newest)]
    alike = [each for each in found if each.likeness >= LEAST]
    return sorted(alike, key=lambda each: (-each.likeness, -each.number))[:MOST]


def _compared(ticket: Ticket, other: Ticket) -> DuplicateOut:
    mine, theirs = words_of(ticket.subject, ticket.description), words_of(other.subject, other.description)
    return DuplicateOut(
        ticket_id=other.id,
        number=other.number,
        subject=other.subject,
        state=other.state,
        opened_at=other.opened_at,
        likeness=round(likeness(mine, theirs), 3),
        because=[*sorted(mine & theirs), *sorted(set(ticket.tags) & set(other.tags))],
    )
