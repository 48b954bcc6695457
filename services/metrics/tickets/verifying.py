"""Whether each ticket's facts say what its steps add up to."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text, true, union
from sqlalchemy.dialects.postgresql import Range

from services.metrics.tickets.models import TicketFact, TicketStep, TicketTarget
from services.metrics.tickets.service import courses_of, fact_of, hold, targets_of
from shared.work import Work

AT_ONCE: Final = 500
# Whose a ticket is follows merges by itself; see `MERGED_CUSTOMERS`.
_ASIDE: Final = {"account_id", "customer_id"}
_LIMIT = text("set local statement_timeout = '30min'")


async def differing(work: Work) -> list[UUID]:
    """The tickets of the account whose facts say something else. Anything but none is a defect."""
    await work.session.execute(_LIMIT)
    found: list[UUID] = []
    last: UUID | None = None
    while ids := await _next(work, last):
        last = ids[-1]
        suspected = await _compare(work, ids)
        if suspected:
            # Steps may have come between the two reads; now none can.
            await hold(work, suspected)
            found += await _compare(work, suspected)
    return found


async def _next(work: Work, last: UUID | None) -> Sequence[UUID]:
    some = [
        select(each.ticket_id.label("id"))
        .where(each.account_id == work.account_id, each.ticket_id > last if last is not None else true())
        .distinct()
        .order_by(each.ticket_id)
        .limit(AT_ONCE)
        for each in (TicketStep, TicketFact)
    ]
    ids = union(*(select(each.subquery()) for each in some)).subquery()
    return (await work.session.scalars(select(ids.c.id).order_by(ids.c.id).limit(AT_ONCE))).all()


async def _compare(work: Work, ticket_ids: Collection[UUID]) -> list[UUID]:
    courses = await courses_of(work, ticket_ids)
    expected = {ticket_id: _comparable(fact_of(work, ticket_id, course)) for ticket_id, course in courses.items()}
    mine = (TicketFact.account_id == work.account_id, TicketFact.ticket_id.in_(ticket_ids))
    kept = {
        row.ticket_id: _comparable(dict(row._mapping))
        for row in await work.session.execute(select(*TicketFact.__table__.columns).where(*mine))
    }
    promised = {_key(each) for each in targets_of(work, courses)}
    mine = (TicketTarget.account_id == work.account_id, TicketTarget.ticket_id.in_(ticket_ids))
    rows = await work.session.execute(select(*TicketTarget.__table__.columns).where(*mine))
    wrong_targets = {each[0] for each in promised ^ {_key(dict(row._mapping)) for row in rows}}
    return [
        ticket_id
        for ticket_id in ticket_ids
        if ticket_id in wrong_targets or expected.get(ticket_id) != kept.get(ticket_id)
    ]


def _comparable(fact: dict[str, Any]) -> dict[str, Any]:
    same = {name: value for name, value in fact.items() if name not in _ASIDE and name != "origin_customer_id"}
    return {**same, "open_during": _joined(fact["open_during"])}


def _joined(spells: Iterable[Range[datetime]]) -> list[tuple[datetime | None, datetime | None]]:
    """As the database keeps them: in order, without empty ones, and those that touch as one."""
    joined: list[tuple[datetime | None, datetime | None]] = []
    for spell in spells:
        if spell.isempty or spell.lower == spell.upper:
            continue
        if joined and joined[-1][1] == spell.lower:
            joined[-1] = (joined[-1][0], spell.upper)
        else:
            joined.append((spell.lower, spell.upper))
    return joined


def _key(target: dict[str, Any]) -> tuple[UUID, Any, Any, Any]:
    return target["ticket_id"], target["target"], target["due_at"], target["verdict"]
