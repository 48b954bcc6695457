"""The clocks of a ticket, kept in step with what happens to it.

Everything is computed from the ticket's life by `clock`; what stands in its row (due times, misses, warnings given) is
there to be listed by, to ring an alarm by, and to say a thing once. One alarm at a time waits for each ticket.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID

from services.tickets.cases.history import moment_of, record
from services.tickets.cases.models import Ticket
from services.tickets.cases.portions import TicketRow
from services.tickets.cases.states import DONE
from services.tickets.slas import clock
from services.tickets.slas.agreements import Agreement, agreement_of
from services.tickets.slas.clock import TARGETS, Clock, Target, Terms
from services.tickets.slas.life import entries_of
from services.tickets.slas.promises import ALARM, JUST_AFTER
from shared.contracts.tickets import TargetMet, TargetMissed, TargetWarned
from shared.db.database import driver_of
from shared.work import Work

Clocks = Mapping[Target, Clock]
AnyTicket = Ticket | TicketRow

# Columns of a ticket, by target. They are looked up for every one of many tickets.
_SECONDS: Final = tuple(f"{target}_seconds" for target in TARGETS)
_DUE_AT: Final = {target: f"{target}_due_at" for target in TARGETS}
_MISSED_AT: Final = {target: f"{target}_missed_at" for target in TARGETS}
_seconds_in: Final = attrgetter(*_SECONDS)


async def agreement_with(work: Work, ticket: AnyTicket) -> Agreement:
    """What the ticket was promised."""
    pin = (ticket.policy_id, ticket.policy_version, ticket.calendar_id, ticket.calendar_version)
    return await agreement_of(await driver_of(work.session), work.account_id, pin)


def terms_for(ticket: AnyTicket, agreement: Agreement) -> Terms:
    """Times are those that were copied into the ticket, with the priority that it had then."""
    terms, seconds = agreement.terms(ticket.priority), _seconds_in(ticket)
    if seconds == agreement.seconds(ticket.priority):
        return terms
    allowances = {
        target: timedelta(seconds=number) for target, number in zip(TARGETS, seconds, strict=True) if number is not None
    }
    return Terms(allowances, terms.paused_in, terms.warn_at, terms.hours)


def is_met(ticket: AnyTicket, target: Target) -> bool:
    """A resolution is only as long as the ticket stays resolved. What else was waited for is waited for no longer when
    it has come, and has no due time then."""
    if target is Target.FIRST_RESPONSE:
        return ticket.first_responded_at is not None
    return target is Target.RESOLUTION and ticket.state in DONE


def settle(work: Work, ticket: AnyTicket) -> None:
    """Write down the targets that were missed up to this moment. Called before anything else changes the ticket."""
    if ticket.state == "merged":
        return
    for target in TARGETS:
        due: datetime | None = getattr(ticket, _DUE_AT[target])
        known = getattr(ticket, _MISSED_AT[target]) is not None
        if due is None or known or is_met(ticket, target) or moment_of(work, ticket) <= due:
            continue
        miss(work, ticket, target, due)


def miss(work: Work, ticket: AnyTicket, target: Target, due: datetime) -> None:
    setattr(ticket, _MISSED_AT[target], due)
    record(work, ticket, "target_missed", changes={_MISSED_AT[target]: (None, due.isoformat())})
    missed = TargetMissed(
        ticket_id=ticket.id,
        number=ticket.number,
        target=target.value,
        due_at=due,
        assignee_id=ticket.assignee_id,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
    )
    work.emit(missed, subject=ticket.id, version=ticket.version)


async def follow(work: Work, ticket: Ticket, *, met: Collection[Target] = ()) -> Clocks:
    """Compute the clocks anew after anything that they depend on, and set the alarm by them. `met`: what this very
    change may have been waited for. Returns the latest clock of each target."""
    await work.session.flush()
    terms = terms_for(ticket, await agreement_with(work, ticket))
    clocks = clock.read(await entries_of(work, ticket.id), terms, moment_of(work, ticket))
    for done in clocks:
        if done.target in met and done.stop == ticket.updated_at:
            _tell_met(work, ticket, done)
    latest = clock.current(clocks)
    note(ticket, latest)
    await set_alarms(work, {ticket.id: next_alarm(ticket, latest)})
    return latest


async def apply_priority(work: Work, ticket: Ticket) -> None:
    """The times that what was promised has for its new priority; what is on the clock already stays there."""
    copy_times(ticket, await agreement_with(work, ticket))


def copy_times(ticket: AnyTicket, agreement: Agreement) -> None:
    for name, seconds in zip(_SECONDS, agreement.seconds(ticket.priority), strict=True):
        setattr(ticket, name, seconds)
    ticket.warned = {}


def note(ticket: AnyTicket, clocks: Clocks) -> None:
    """The due times of what is waited for now. Those of a first answer and a solution stay when they have come."""
    for target in TARGETS:
        latest = clocks.get(target)
        over = latest is None or (latest.stop is not None and target not in (Target.FIRST_RESPONSE, Target.RESOLUTION))
        setattr(ticket, _DUE_AT[target], None if over or latest is None else latest.due_at)
        missed_at: datetime | None = getattr(ticket, _MISSED_AT[target])
        # A miss belongs to a wait, and the next answer is another wait.
        if missed_at is not None and (over or latest is None or missed_at < latest.start):
            setattr(ticket, _MISSED_AT[target], None)


def missed_in(ticket: AnyTicket) -> list[Target]:
    """Of which it was written down that they were missed."""
    return [target for target, name in _MISSED_AT.items() if getattr(ticket, name) is not None]


def next_alarm(ticket: AnyTicket, clocks: Clocks) -> datetime | None:
    """When there is something to say of the ticket that has not been said."""
    moments = [at for one in clocks.values() for at in _unsaid(ticket, one)]
    return min(moments) + JUST_AFTER if moments else None


async def set_alarms(work: Work, alarms: Mapping[UUID, datetime | None]) -> None:
    """Of each ticket, when its alarm is to ring; null: it has none."""
    await work.schedule_all(ALARM, {str(ticket_id): at for ticket_id, at in alarms.items() if at is not None})
    await work.cancel_all(ALARM, [str(ticket_id) for ticket_id, at in alarms.items() if at is None])


def warn(work: Work, ticket: AnyTicket, clocks: Clocks) -> None:
    """Say what part of the time is used up: of several percentages that were reached meanwhile, the highest."""
    for one in clocks.values():
        reached = [percent for percent, at in _warnings_left(ticket, one) if at < work.now]
        if not reached:
            continue
        ticket.warned = {**ticket.warned, one.target.value: [one.start.isoformat(), max(reached)]}
        if one.due_at is None or one.is_missed(work.now):
            continue
        warned = TargetWarned(
            ticket_id=ticket.id,
            number=ticket.number,
            target=one.target.value,
            percent=max(reached),
            due_at=one.due_at,
            priority=ticket.priority,
            assignee_id=ticket.assignee_id,
            customer_id=ticket.customer_id,
            origin_customer_id=ticket.origin_customer_id,
        )
        work.emit(warned, subject=ticket.id, version=ticket.version)


def _unsaid(ticket: AnyTicket, one: Clock) -> Iterable[datetime]:
    if one.stop is not None or one.state == "merged" or getattr(ticket, _MISSED_AT[one.target]) is not None:
        return
    for _, at in _warnings_left(ticket, one):
        yield at
    if one.due_at is not None:
        yield one.due_at


def _warnings_left(ticket: AnyTicket, one: Clock) -> list[tuple[int, datetime]]:
    """Those that were not given yet in this wait."""
    if one.stop is not None:
        return []
    since, given = ticket.warned.get(one.target.value, ("", 0))
    if given and since != one.start.isoformat():
        given = 0
    return [(percent, at) for percent, at in one.warnings if percent > given]


def _tell_met(work: Work, ticket: Ticket, done: Clock) -> None:
    if done.stop is None or done.due_at is None or done.is_missed(done.stop):
        return
    if getattr(ticket, _MISSED_AT[done.target]) is not None:
        return
    met = TargetMet(
        ticket_id=ticket.id,
        number=ticket.number,
        target=done.target.value,
        due_at=done.due_at,
        met_at=done.stop,
        elapsed_seconds=int(done.elapsed.total_seconds()),
        allowed_seconds=int(done.allowance.total_seconds()),
        assignee_id=ticket.assignee_id,
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
    )
    work.emit(met, subject=ticket.id, version=ticket.version)
