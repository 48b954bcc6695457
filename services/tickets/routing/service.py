"""Writing routing rules, and trying them on what has been."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, select

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.contacts import service as contacts
from services.tickets.routing import facts
from services.tickets.routing.models import Assignment, RoutingRule
from services.tickets.routing.schemas import (
    RuleIn,
    RulePatch,
    Shadow,
    SimulatedRule,
    SimulatedTicket,
    Simulation,
    SimulationRequest,
)
from services.tickets.slas import revisions
from services.tickets.teams import service as teams
from shared.editing import change, differing
from shared.expressions.conditions import holds
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST: Final = 200


class NoSuchRule(NotFound):
    """There is no such routing rule."""


async def create(work: Work, body: RuleIn) -> RoutingRule:
    """Raises `Limited`, or `Unacceptable` for a condition that makes no sense or a team that is not there."""
    access.check_unlimited(work)
    await revisions.advance(work)
    mine = RoutingRule.account_id == work.account_id
    if (await work.session.scalar(select(func.count()).where(mine)) or 0) >= MOST:
        raise Unacceptable(f"An account has at most {MOST} routing rules; delete one first.")
    await _check(work, body)
    rule = RoutingRule(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **body.model_dump(),
    )
    work.session.add(rule)
    await work.session.flush()
    return rule


async def edit(work: Work, rule_id: UUID, patch: RulePatch, expected: int | None) -> RoutingRule:
    """Raises `NoSuchRule`, `StaleVersion`, or what `create` does."""
    access.check_unlimited(work)
    await revisions.advance(work)
    rule = await find(work, rule_id, lock=True)
    check_match(expected, rule.version)
    if wanted := differing(rule, patch.model_dump(exclude_unset=True)):
        change(work, rule, wanted)
        await _check(work, _fields(rule))
        await work.session.flush()
    return rule


async def remove(work: Work, rule_id: UUID) -> None:
    """Raises `Limited` or `NoSuchRule`."""
    access.check_unlimited(work)
    await revisions.advance(work)
    await work.session.delete(await find(work, rule_id, lock=True))
    await work.session.flush()


async def find(work: Work, rule_id: UUID, *, lock: bool = False) -> RoutingRule:
    """Raises `NoSuchRule`."""
    statement = select(RoutingRule).where(RoutingRule.account_id == work.account_id, RoutingRule.id == rule_id)
    rule = await work.session.scalar(statement.with_for_update() if lock else statement)
    if rule is None:
        raise NoSuchRule
    return rule


async def simulate(work: Work, asked: SimulationRequest) -> Simulation:
    """Judge the tickets of the last days as they were asked for; customers as they are today."""
    rules = await _present(work) if asked.rules is None else [(None, rule) for rule in asked.rules]
    for place, (rule_id, rule) in enumerate(rules):
        if rule_id is None:
            await _check(work, rule, pointer=f"/rules/{place}")
    rules = sorted((one for one in rules if one[1].enabled), key=lambda one: one[1].position)
    tickets = await _opened_lately(work, asked)
    customers = await contacts.facts_of(work, {ticket.customer_id for ticket, _ in tickets if ticket.customer_id})
    # Many conditions for many tickets: others go on meanwhile.
    return await asyncio.to_thread(_tried, rules, tickets, customers)


def _tried(
    rules: Sequence[tuple[UUID | None, RuleIn]],
    tickets: Sequence[tuple[Ticket, Mapping[str, Any] | None]],
    customers: Mapping[UUID | None, Mapping[str, Any]],
) -> Simulation:
    """Every rule is judged, also those that come too late, to say which never get their turn."""
    tries = [_Try(place, rule_id, rule) for place, (rule_id, rule) in enumerate(rules)]
    shadowed, unmatched, changed = Counter[tuple[int, int]](), 0, []
    for ticket, decision in tickets:
        activation = facts.activation_of(_AsAsked(ticket, decision), customers.get(ticket.customer_id))
        held = [one for one in tries if one.holds(activation)]
        if held:
            held[0].matched += 1
            shadowed.update((held[0].place, other.place) for other in held[1:])
        else:
            unmatched += 1
        moved = _moved(ticket, decision, held[0].rule if held else None)
        if moved is not None:
            changed.append(moved)
    return Simulation(
        examined=len(tickets),
        unmatched=unmatched,
        rules=[one.result() for one in tries],
        shadowed=[Shadow(place=one, other=other, tickets=number) for (one, other), number in sorted(shadowed.items())],
        changed=changed,
    )


@dataclass(slots=True)
class _Try:
    place: int
    rule_id: UUID | None
    rule: RuleIn
    matched: int = 0
    problems: Counter[str] = field(default_factory=Counter)

    def holds(self, activation: Mapping[str, Any]) -> bool:
        held, reason = holds(self.rule.condition, activation)
        if reason is not None:
            self.problems[reason] += 1
        return held

    def result(self) -> SimulatedRule:
        return SimulatedRule(
            place=self.place,
            rule_id=self.rule_id,
            name=self.rule.name,
            team_id=self.rule.team_id,
            matched=self.matched,
            problems=dict(self.problems),
        )


class _AsAsked:
    """A ticket with the priority and the tags that it had before any rule changed them."""

    def __init__(self, ticket: Ticket, decision: Mapping[str, Any] | None) -> None:
        self.subject, self.description, self.channel = ticket.subject, ticket.description, ticket.channel
        self.fields, self.origin_kind, self.feedback = ticket.fields, ticket.origin_kind, ticket.feedback
        self.priority = decision["priority"] if decision is not None else ticket.priority
        self.tags: list[str] = decision["tags"] if decision is not None else ticket.tags


def _moved(ticket: Ticket, decision: Mapping[str, Any] | None, rule: RuleIn | None) -> SimulatedTicket | None:
    was_rule = decision["rule_name"] if decision is not None else None
    was_team_id = UUID(decision["team_id"]) if decision is not None and decision["team_id"] else None
    if was_team_id == (rule.team_id if rule is not None else None):
        return None
    return SimulatedTicket(
        ticket_id=ticket.id,
        number=ticket.number,
        was_rule=was_rule,
        was_team_id=was_team_id,
        rule=rule.name if rule is not None else None,
        team_id=rule.team_id if rule is not None else None,
    )


async def _present(work: Work) -> list[tuple[UUID | None, RuleIn]]:
    statement = select(RoutingRule).where(RoutingRule.account_id == work.account_id).order_by(RoutingRule.id)
    return [(rule.id, _fields(rule)) for rule in await work.session.scalars(statement)]


async def _opened_lately(work: Work, asked: SimulationRequest) -> Sequence[tuple[Ticket, Mapping[str, Any] | None]]:
    statement = (
        select(Ticket, Assignment.decision)
        .outerjoin(Assignment, and_(Assignment.account_id == work.account_id, Assignment.ticket_id == Ticket.id))
        .where(Ticket.account_id == work.account_id, Ticket.opened_at >= work.now - timedelta(days=asked.days))
        .where(*access.visible(work))
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(asked.limit)
    )
    return [(row[0], row[1]) for row in await work.session.execute(statement)]


async def _check(work: Work, body: RuleIn, *, pointer: str = "") -> None:
    facts.check(body.condition, pointer=f"{pointer}/condition")
    await teams.require(work, body.team_id, pointer=f"{pointer}/team_id")


def _fields(rule: RoutingRule) -> RuleIn:
    return RuleIn.model_validate({name: getattr(rule, name) for name in RuleIn.model_fields})
