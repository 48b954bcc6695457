"""To whom new tickets go: the first rule that holds, its team, and somebody in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import asyncpg
import orjson

from services.tickets.routing import facts
from services.tickets.routing.choosing import Choice, Need, choose
from services.tickets.routing.explaining import described
from services.tickets.routing.queues import UNASSIGNED_TOO_LONG, WAITING, allowed_in, queue_of
from services.tickets.routing.refusals import unknown_person, unknown_team
from services.tickets.routing.roster import Roster, Rule, Worker, staff_of
from shared.expressions.conditions import holds
from shared.http.errors import AppError

if TYPE_CHECKING:
    from services.tickets.cases.opening import Opening

MOST_TAGS: Final = 20

_CONTACTS: Final = "select id, name, facts::text from tickets.contacts where account_id = $1 and id = any($2)"
_WATCH: Final = """
    insert into tickets.timers (id, account_id, kind, key, due_at, payload, correlation_id, causation_id, traceparent)
    select gen_random_uuid(), $1, kind, key, due_at, '{}', $5, $6, $7
    from unnest($2::text[], $3::text[], $4::timestamptz[]) as watch (kind, key, due_at)
    on conflict (account_id, kind, key) do update set due_at = least(timers.due_at, excluded.due_at),
        attempts = 0, locked_until = null, dead = null, fence = timers.fence + 1
"""


@dataclass(frozen=True, slots=True)
class Placed:
    """A ticket that is to be opened, with what the rules made of it, and who gets it; `why` is a `Decision`, if
    somebody was looked for."""

    opening: "Opening"
    assignee_id: UUID | None
    why: Mapping[str, Any] | None = None
    refusal: AppError | None = None
    chance_at: datetime | None = None

    @property
    def waits(self) -> bool:
        return self.why is not None and self.assignee_id is None


async def place(
    connection: asyncpg.Connection, account_id: UUID, roster: Roster, openings: Sequence["Opening"]
) -> list[Placed]:
    """In their order. Whoever calls holds the account's counter, so nobody else hands anything out meanwhile."""
    customers = await _customers(connection, account_id, roster, openings)
    staff = await staff_of(connection, account_id)
    return [_place(roster, staff, opening, customers.get(opening.customer_id)) for opening in openings]


async def watch(connection: asyncpg.Connection, account_id: UUID, roster: Roster, placed: Sequence[Placed]) -> None:
    """See to it that somebody looks again for what waits, and that somebody is told if it waits too long."""
    waiting = [one for one in placed if one.waits]
    if not waiting:
        return
    author = waiting[0].opening.author
    alarms = dict(_alarms(roster, waiting))
    kinds, keys = zip(*alarms, strict=True)
    trace = author.correlation_id, author.causation_id, author.traceparent
    await connection.execute(_WATCH, account_id, list(kinds), list(keys), list(alarms.values()), *trace)


def rule_for(roster: Roster, activation: Mapping[str, Any]) -> Rule | None:
    return next((rule for rule in roster.rules if holds(rule.condition, activation)[0]), None)


def _place(roster: Roster, staff: Sequence[Worker], opening: "Opening", customer: Mapping[str, Any] | None) -> Placed:
    if opening.team_id is not None and opening.team_id not in roster.crews:
        return Placed(opening, None, refusal=unknown_team())
    if opening.assignee_id is not None:
        workers = [worker for worker in staff if worker.user_id == opening.assignee_id]
        for worker in workers:
            _give(worker, opening.channel)
        return Placed(opening, opening.assignee_id, refusal=None if workers else unknown_person())
    if not opening.assign and opening.team_id is None:
        return Placed(opening, None)
    activation = facts.activation_of(opening, customer)
    rule = rule_for(roster, activation) if opening.team_id is None else None
    routed = _by_rule(opening, rule)
    need = Need(
        ticket_id=opening.ticket_id,
        channel=opening.channel,
        crew=roster.crews[routed.team_id] if routed.team_id is not None else None,
        skills=frozenset(rule.skills if rule is not None else ()),
        language=opening.language or facts.language_of(activation),
    )
    choice = choose(need, staff, roster.profiles, opening.author.now)
    why = described(need, choice, rule=rule, asked=opening)
    if choice.chosen is not None:
        _give(choice.chosen, opening.channel, need, opening.author.now)
    return Placed(routed, _id(choice), why, chance_at=choice.chance_at)


def _by_rule(opening: "Opening", rule: Rule | None) -> "Opening":
    if rule is None:
        return opening
    tags = facts.merged_tags(opening.tags, rule.tags, most=MOST_TAGS)
    return replace(opening, team_id=rule.team_id, priority=rule.priority or opening.priority, tags=tags)


def _id(choice: Choice) -> UUID | None:
    return choice.chosen.user_id if choice.chosen is not None else None


def _give(worker: Worker, channel: str, need: Need | None = None, at: datetime | None = None) -> None:
    """The next ticket of the same transaction finds them with one more at hand."""
    worker.at_hand[channel] = worker.at_hand.get(channel, 0) + 1
    if need is not None and need.crew is not None and at is not None:
        key = str(need.crew.id)
        worker.turns = {**worker.turns, key: (at.isoformat(), worker.turns.get(key, (None, None))[1])}


async def _customers(
    connection: asyncpg.Connection, account_id: UUID, roster: Roster, openings: Sequence["Opening"]
) -> Mapping[UUID | None, Mapping[str, Any]]:
    """What conditions see of them. Nothing is asked where it would decide nothing."""
    ids = {opening.customer_id for opening in openings if opening.customer_id is not None}
    if roster.is_plain or not ids:
        return {}
    rows = await connection.fetch(_CONTACTS, account_id, list(ids))
    return {row[0]: {"id": str(row[0]), "name": row[1], **orjson.loads(row[2])} for row in rows}


def _alarms(roster: Roster, waiting: Sequence[Placed]) -> Iterator[tuple[tuple[str, str], datetime]]:
    chances: dict[str, datetime] = {}
    for one in waiting:
        opening, queue = one.opening, queue_of(one.opening.team_id)
        allowed = allowed_in(roster.crews.get(opening.team_id) if opening.team_id is not None else None)
        yield (UNASSIGNED_TOO_LONG, str(opening.ticket_id)), opening.author.now + allowed
        if one.chance_at is not None:
            chances[queue] = min(one.chance_at, chances.get(queue, one.chance_at))
    for queue, chance_at in chances.items():
        yield (WAITING, queue), chance_at
