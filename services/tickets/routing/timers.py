"""Handing out what waits, and saying so when it waits too long."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert

from services.tickets.cases import service as tickets
from services.tickets.cases.history import changes_of
from services.tickets.cases.models import Change, Ticket
from services.tickets.cases.opening import hold_counter
from services.tickets.cases.repository import NoSuchTicket, lock_ticket
from services.tickets.cases.states import ACTIVE
from services.tickets.routing.choosing import Choice, Need, choose
from services.tickets.routing.explaining import judged
from services.tickets.routing.models import Assignment
from services.tickets.routing.queues import EVERYBODY, look_again
from services.tickets.routing.roster import Roster, Worker, roster_of, staff_of
from services.tickets.teams.models import Team, TeamMember
from shared.bus.subscriptions import Timer
from shared.contracts.tickets import TicketUnassignedTooLong
from shared.db.database import driver_of
from shared.work import Work

AT_ONCE: Final = 100
_URGENT_FIRST: Final = case({"urgent": 0, "high": 1, "normal": 2, "low": 3}, value=Ticket.priority)


async def hand_out(work: Work, timer: Timer) -> None:
    """The most pressing first, and of these who has waited longest. What nobody can take stays."""
    team_id = UUID(timer.key) if timer.key != EVERYBODY else None
    connection = await driver_of(work.session)
    # Nobody else hands anything out meanwhile, or two tickets would take the last place that somebody has.
    revision = await hold_counter(connection, work.account_id)
    if revision is None:
        return
    roster = await roster_of(connection, work.account_id, revision, work.now)
    staff = await staff_of(connection, work.account_id)
    waiting = await _waiting(work, team_id)
    needs = await _needs(work, roster, waiting)
    chances: list[datetime] = []
    for ticket in waiting:
        choice = choose(needs[ticket.id], staff, roster.profiles, work.now)
        await _write_down(work, ticket, needs[ticket.id], choice)
        if choice.chosen is not None:
            await _give(work, ticket, choice.chosen)
        elif choice.chance_at is not None:
            chances.append(choice.chance_at)
    if len(waiting) == AT_ONCE and len(chances) < AT_ONCE:
        await look_again(work, team_id)
    elif chances:
        await look_again(work, team_id, min(chances))


async def unassigned_too_long(work: Work, timer: Timer) -> None:
    """Told once for each wait."""
    try:
        ticket = await lock_ticket(work, UUID(timer.key))
    except NoSuchTicket:
        return
    if ticket.queued_at is None or ticket.assignee_id is not None or ticket.state not in ACTIVE:
        return
    team = await work.session.get(Team, ticket.team_id) if ticket.team_id is not None else None
    told = TicketUnassignedTooLong(
        ticket_id=ticket.id,
        number=ticket.number,
        subject=ticket.subject,
        priority=ticket.priority,
        team_id=ticket.team_id,
        team_name=team.name if team is not None else None,
        lead_id=team.lead_id if team is not None else None,
        queued_at=ticket.queued_at,
        allowed_seconds=int((timer.due_at - ticket.queued_at).total_seconds()),
        customer_id=ticket.customer_id,
        origin_customer_id=ticket.origin_customer_id,
    )
    work.emit(told, subject=ticket.id, version=ticket.version)


async def _waiting(work: Work, team_id: UUID | None) -> Sequence[Ticket]:
    mine = (Ticket.account_id == work.account_id) & Ticket.queued_at.is_not(None)
    statement = (
        select(Ticket)
        .where(mine, Ticket.team_id.is_not_distinct_from(team_id), Ticket.assignee_id.is_(None))
        .where(Ticket.state.in_(ACTIVE))
        .order_by(_URGENT_FIRST, Ticket.queued_at, Ticket.id)
        .limit(AT_ONCE)
        # Who holds one is changing it, and has the queue looked at again if it still waits then.
        .with_for_update(skip_locked=True)
    )
    return (await work.session.scalars(statement)).all()


async def _needs(work: Work, roster: Roster, waiting: Sequence[Ticket]) -> Mapping[UUID, Need]:
    """As it was decided when they were opened; of whom they were taken back is in their history."""
    ids = [ticket.id for ticket in waiting]
    decided = await work.session.scalars(select(Assignment).where(Assignment.ticket_id.in_(ids)))
    decisions = {one.ticket_id: one.decision for one in decided}
    return {
        ticket.id: Need(
            ticket_id=ticket.id,
            channel=ticket.channel,
            crew=roster.crews.get(ticket.team_id) if ticket.team_id is not None else None,
            skills=frozenset(_of_same_team(decisions.get(ticket.id), ticket).get("skills", ())),
            language=decisions.get(ticket.id, {}).get("language"),
            had_it=await _had_it(work, ticket.id),
        )
        for ticket in waiting
    }


def _of_same_team(decision: dict[str, Any] | None, ticket: Ticket) -> dict[str, Any]:
    """Another team has skills of its own, which a rule for the first one knows nothing of."""
    if decision is None or decision["team_id"] != (str(ticket.team_id) if ticket.team_id is not None else None):
        return {}
    return decision


async def _had_it(work: Work, ticket_id: UUID) -> UUID | None:
    mine = changes_of(work, ticket_id).where(Change.changes.has_key("assignee_id"))
    last = await work.session.scalar(mine.order_by(Change.version.desc()).limit(1))
    before = last.changes["assignee_id"][0] if last is not None else None
    return UUID(before) if before else None


async def _write_down(work: Work, ticket: Ticket, need: Need, choice: Choice) -> None:
    chosen = choice.chosen
    fresh = {
        "at": work.now,
        "outcome": "assigned" if chosen is not None else "waiting",
        "assignee_id": chosen.user_id if chosen is not None else None,
    }
    known = await work.session.get(Assignment, ticket.id)
    earlier = _of_same_team(known.decision if known is not None else None, ticket)
    decision = _bare(ticket) | earlier | _present(need) | {"candidates": judged(choice)}
    values = {"account_id": work.account_id, "ticket_id": ticket.id, "decision": decision, **fresh}
    statement = insert(Assignment).values(values)
    changes = {"decision": decision, **fresh}
    await work.session.execute(statement.on_conflict_do_update(index_elements=["ticket_id"], set_=changes))


def _bare(ticket: Ticket) -> dict[str, Any]:
    return {"rule_id": None, "rule_name": None, "priority": ticket.priority, "tags": ticket.tags}


def _present(need: Need) -> dict[str, Any]:
    return {
        "team_id": str(need.crew.id) if need.crew is not None else None,
        "team_name": need.crew.name if need.crew is not None else None,
        "strategy": need.strategy,
        "skills": sorted(need.skills),
        "language": need.language,
    }


async def _give(work: Work, ticket: Ticket, worker: Worker) -> None:
    await tickets.hand_to(work, ticket, worker.user_id)
    worker.at_hand[ticket.channel] = worker.at_hand.get(ticket.channel, 0) + 1
    if ticket.team_id is None:
        return
    key = str(ticket.team_id)
    worker.turns = {**worker.turns, key: (work.now.isoformat(), worker.turns.get(key, (None, None))[1])}
    member = await work.session.get(TeamMember, (ticket.team_id, worker.user_id))
    if member is not None:
        member.last_assigned_at = work.now
