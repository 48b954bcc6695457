"""What a changed policy or calendar would have meant for the tickets of the last days: read, never written.

Two readings of the same lives: under what each ticket was promised, and under the account's policies with the one in
question replaced. Waits are counted by when they were, or would have been, due.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.tickets.access import service as access
from services.tickets.calendars.content import content_of, hours_of
from services.tickets.calendars.hours import Hours
from services.tickets.calendars.schemas import CalendarIn
from services.tickets.cases.models import Ticket
from services.tickets.slas import clock, policies
from services.tickets.slas import service as slas
from services.tickets.slas.agreements import Agreement, Book, book_of
from services.tickets.slas.clock import Clock, Target, Terms
from services.tickets.slas.life import entries_of_all
from services.tickets.slas.policy_schemas import PolicyIn
from services.tickets.slas.what_if_schemas import (
    Change,
    Outcome,
    TargetComparison,
    WaitOut,
    WhatIf,
    WhatIfOut,
)
from shared.db.database import driver_of, planned_anew
from shared.work import Work

# More would keep who asks waiting; the newest are looked at.
MOST_TICKETS: Final = 10_000
MOST_CHANGES: Final = 200
_PORTION: Final = 250


@dataclass(slots=True)
class _Tally:
    """How the waits of one target ended, as it was and as it would be."""

    was: Counter[str] = field(default_factory=Counter)
    would_be: Counter[str] = field(default_factory=Counter)


async def compare(work: Work, policy_id: UUID, body: WhatIf) -> WhatIfOut:
    """Raises `NoSuchPolicy`, or `Unacceptable` for a calendar that there cannot be."""
    book = await _changed_book(work, policy_id, body)
    since = work.now - timedelta(days=body.days)
    tickets = await _tickets(work, since)
    tallies = {target: _Tally() for target in Target}
    changes: list[Change] = []
    looked_at = 0
    for start in range(0, min(len(tickets), MOST_TICKETS), _PORTION):
        portion = tickets[start : min(start + _PORTION, MOST_TICKETS)]
        lives = await entries_of_all(work, [ticket.id for ticket in portion])
        for ticket in portion:
            agreed = book.agreement_for(ticket)
            if policy_id in (ticket.policy_id, agreed.pin[0]):
                looked_at += 1
                was = clock.read(lives[ticket.id], await _terms_now(work, ticket), work.now)
                would_be = clock.read(lives[ticket.id], agreed.terms(ticket.priority), work.now)
                changes += _compared(ticket, was, would_be, since, work.now, tallies)
        # Others wait for this process too.
        await asyncio.sleep(0)
    return WhatIfOut(
        since=since,
        tickets=looked_at,
        truncated=len(tickets) > MOST_TICKETS,
        targets=[_comparison(target, tally) for target, tally in tallies.items()],
        changed=len(changes),
        changes=changes[:MOST_CHANGES],
    )


async def _terms_now(work: Work, ticket: Ticket) -> Terms:
    return slas.terms_for(ticket, await slas.agreement_with(work, ticket))


def _compared(
    ticket: Ticket,
    was: Sequence[Clock],
    would_be: Sequence[Clock],
    since: datetime,
    now: datetime,
    tallies: Mapping[Target, _Tally],
) -> list[Change]:
    """Counts the waits, and returns those that would have ended otherwise. They begin when they did: only what was
    promised about them is another thing."""
    before = {(one.target, one.start): one for one in was}
    after = {(one.target, one.start): one for one in would_be}
    changes = []
    for key in sorted(before.keys() | after.keys()):
        one, other = before.get(key), after.get(key)
        for clock_, tally in ((one, tallies[key[0]].was), (other, tallies[key[0]].would_be)):
            if clock_ is not None:
                tally[_ended(clock_, since, now)] += 1
        shown, hypothetical = _outcome(one, now), _outcome(other, now)
        if shown.standing != hypothetical.standing:
            change = Change(
                ticket_id=ticket.id,
                number=ticket.number,
                target=key[0],
                started_at=key[1],
                was=shown,
                would_be=hypothetical,
            )
            changes.append(change)
    return changes


def _ended(one: Clock, since: datetime, now: datetime) -> str:
    """What is not due yet is pending, even if it is done; what nobody waits for any more counts for nothing."""
    standing = one.standing(now)
    if standing == "stopped":
        return "left_out"
    if standing not in ("met", "missed") or one.due_at is None or one.due_at > now:
        return "pending"
    return standing if one.due_at >= since else "left_out"


def _outcome(one: Clock | None, now: datetime) -> WaitOut:
    if one is None:
        return WaitOut(due_at=None, standing=None)
    return WaitOut(due_at=one.due_at, standing=one.standing(now))


def _comparison(target: Target, tally: _Tally) -> TargetComparison:
    return TargetComparison(target=target, was=_counted(tally.was), would_be=_counted(tally.would_be))


def _counted(tally: Counter[str]) -> Outcome:
    due = tally["met"] + tally["missed"]
    return Outcome(
        due=due,
        met=tally["met"],
        missed=tally["missed"],
        pending=tally["pending"],
        attainment_percent=round(100 * tally["met"] / due, 2) if due else None,
    )


async def _changed_book(work: Work, policy_id: UUID, body: WhatIf) -> Book:
    """Today's policies, with this one as it might be."""
    policy = await policies.find(work, policy_id)
    said = body.policy or PolicyIn.model_validate(policy.spec)
    if body.calendar is None:
        await policies.check_calendar(work, said)
    book = await book_of(await driver_of(work.session), work.account_id, fresh=True)
    if book is None:
        raise RuntimeError("an account with a policy has none")
    changed = Agreement((policy_id, 0, None, None), said, await _hours(work, said, body.calendar))
    others = [one for one in book.agreements if one.pin[0] != policy_id]
    if policy.is_default:
        return Book(book.revision, [*others, changed])
    *ordered, default = others
    ahead = [one for one in ordered if (one.policy.position, one.pin[0]) < (said.position, policy_id)]
    return Book(book.revision, [*ahead, changed, *ordered[len(ahead) :], default])


async def _hours(work: Work, said: PolicyIn, calendar: CalendarIn | None) -> Hours:
    if calendar is not None:
        return hours_of(await asyncio.to_thread(content_of, calendar, {}, work.now.year))
    return await policies.hours_now(work, said)


async def _tickets(work: Work, since: datetime) -> Sequence[Ticket]:
    """Newest first, one more than are looked at."""
    mine = (Ticket.account_id == work.account_id, Ticket.opened_at >= since, *access.visible(work))
    statement = select(Ticket).where(*mine).order_by(Ticket.opened_at.desc(), Ticket.id.desc()).limit(MOST_TICKETS + 1)
    async with planned_anew(work.session, MOST_TICKETS):
        return (await work.session.scalars(statement)).all()
