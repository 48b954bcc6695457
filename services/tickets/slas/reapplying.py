"""Policies applied anew, because somebody asked for it: to one ticket, or to all open ones in portions.

Nothing is forgotten of the ticket's life: its clocks are read again under the new terms. So a miss that is none under
them is taken back, and what is missed under them is said.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from services.tickets.cases.history import moment_of, record
from services.tickets.cases.models import Ticket
from services.tickets.cases.portions import TicketRow, lock_portion, write
from services.tickets.cases.repository import lock_ticket
from services.tickets.cases.states import ACTIVE
from services.tickets.slas import clock, policies
from services.tickets.slas import service as slas
from services.tickets.slas.agreements import Agreement, Book, book_of
from services.tickets.slas.clock import TARGETS, Entry, Target
from services.tickets.slas.life import entries_of_all
from services.tickets.slas.models import Reapplication
from services.tickets.slas.service import AnyTicket
from shared.bus.subscriptions import Timer
from shared.contracts.tickets import PolicyReapplied
from shared.db.database import driver_of
from shared.http.errors import Conflict, NotFound
from shared.ids import new_id
from shared.work import Work

PORTION_DUE: Final = "sla.reapply"
PORTION: Final = 500
_terms_in: Final = attrgetter(
    *("policy_id", "policy_version", "calendar_id", "calendar_version"),
    *(f"{target}_{what}" for target in TARGETS for what in ("seconds", "due_at")),
)


class NothingRuns(Conflict):
    """This ticket is resolved, closed or merged, so nothing is promised any more. Reopen it first."""

    code = "nothing_runs"


class NoSuchReapplication(NotFound):
    """There is no such re-application."""


async def reapply(work: Work, ticket_id: UUID) -> Ticket:
    """The ticket gets the policy that is right for it today. Raises `NoSuchTicket` or `NothingRuns`."""
    ticket = await lock_ticket(work, ticket_id)
    if ticket.state not in ACTIVE:
        raise NothingRuns
    book = await _book(work)
    lives = await entries_of_all(work, [ticket.id])
    alarm_at = apply(work, ticket, lives[ticket.id], book.agreement_for(ticket))
    await slas.set_alarms(work, {ticket.id: alarm_at})
    return ticket


async def begin(work: Work, policy_id: UUID) -> Reapplication:
    """To all open tickets that have this policy, or are to have it now. Raises `NoSuchPolicy`."""
    await policies.find(work, policy_id)
    open_ones = (Ticket.account_id == work.account_id) & Ticket.state.in_(ACTIVE)
    total = await work.session.scalar(select(func.count()).where(open_ones))
    reapplication = Reapplication(
        id=new_id(),
        account_id=work.account_id,
        policy_id=policy_id,
        total=total or 0,
        done=0,
        changed=0,
        actor=str(work.actor),
        created_at=work.now,
    )
    work.session.add(reapplication)
    await work.session.flush()
    await work.schedule(PORTION_DUE, key=str(reapplication.id), due_at=work.now)
    return reapplication


async def find(work: Work, policy_id: UUID, reapplication_id: UUID) -> Reapplication:
    """Raises `NoSuchReapplication`."""
    mine = (Reapplication.account_id == work.account_id) & (Reapplication.policy_id == policy_id)
    found = await work.session.scalar(select(Reapplication).where(mine, Reapplication.id == reapplication_id))
    if found is None:
        raise NoSuchReapplication
    return found


async def portion_due(work: Work, timer: Timer) -> None:
    """The next tickets in order of their ids: whoever dies meanwhile has done none of them or all."""
    job = await work.session.get_one(Reapplication, UUID(timer.key))
    tickets = await lock_portion(work, job.last_id, PORTION)
    if tickets:
        job.changed += await _apply_to(work, tickets, job.policy_id)
        job.done += len(tickets)
        job.last_id = tickets[-1].id
    if len(tickets) < PORTION:
        job.finished_at = work.now
        # Some were opened, some resolved meanwhile.
        job.total = job.done
    else:
        await work.schedule(PORTION_DUE, key=timer.key, due_at=work.now)


def apply(work: Work, ticket: AnyTicket, life: Sequence[Entry], agreement: Agreement) -> datetime | None:
    """Returns when the ticket's alarm is to ring. A ticket of which nothing changes has no new version."""
    before, at = _terms_in(ticket), moment_of(work, ticket)
    ticket.policy_id, ticket.policy_version, ticket.calendar_id, ticket.calendar_version = agreement.pin
    slas.copy_times(ticket, agreement)
    clocks = clock.current(clock.read(life, agreement.terms(ticket.priority), at))
    slas.note(ticket, clocks)
    missed = {target: one.due_at for target, one in clocks.items() if one.due_at is not None and one.is_missed(at)}
    told = slas.missed_in(ticket)
    for target in told:
        setattr(ticket, f"{target}_missed_at", missed.get(target))
    if _terms_in(ticket) != before:
        now = f"{agreement.policy.name}, version {ticket.policy_version}"
        record(work, ticket, "policy_reapplied", changes={"policy": (None, now)})
        _tell(work, ticket, missed)
        for target in missed.keys() - set(told):
            slas.miss(work, ticket, target, missed[target])
    return slas.next_alarm(ticket, clocks)


async def _apply_to(work: Work, tickets: Iterable[TicketRow], policy_id: UUID) -> int:
    book = await _book(work)
    chosen = [(ticket, book.agreement_for(ticket)) for ticket in tickets]
    chosen = [(one, agreed) for one, agreed in chosen if policy_id in (one.policy_id, agreed.pin[0])]
    lives = await entries_of_all(work, [ticket.id for ticket, _ in chosen])
    alarms = {ticket: apply(work, ticket, lives[ticket.id], agreed) for ticket, agreed in chosen}
    changed = [ticket for ticket in alarms if ticket.history]
    await write(work, alarms)
    await slas.set_alarms(work, {ticket.id: alarms[ticket] for ticket in changed})
    return len(changed)


async def _book(work: Work) -> Book:
    book = await book_of(await driver_of(work.session), work.account_id, fresh=True)
    if book is None:
        raise RuntimeError("an account with tickets has no policy")
    return book


def _tell(work: Work, ticket: AnyTicket, missed: Iterable[Target]) -> None:
    reapplied = PolicyReapplied(
        ticket_id=ticket.id,
        number=ticket.number,
        policy_id=ticket.policy_id,
        policy_version=ticket.policy_version,
        first_response_due_at=ticket.first_response_due_at,
        resolution_due_at=ticket.resolution_due_at,
        missed=tuple(target.value for target in missed),
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
    )
    work.emit(reapplied, subject=ticket.id, version=ticket.version)
