"""Who works in an account, when, and by which rules: what is decided with whenever somebody is looked for.

What people set up is read once and remembered; see `slas.revisions` for how that is kept current. Whoever changes
teams, agents, absences, rules or calendars advances the revision. How much everybody has to do is read each time.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from services.tickets.calendars.hours import Hours
from services.tickets.people.models import ASSIGNABLE_ROLES
from services.tickets.slas.agreements import Remembered, hours_of_version
from services.tickets.teams.models import Strategy
from shared.contracts.tickets import Priority

# Whoever has this many tickets open has their hands full; counting further would cost time and change little.
FULL_HANDS: Final = 100
_MOST_ROSTERS: Final = 1_000

_RULES: Final = """
    select id, name, condition, team_id, skills, priority, tags from tickets.routing_rules
    where account_id = $1 and enabled order by position, id
"""
_TEAMS: Final = """
    select team.id, team.name, strategy, longest_unassigned_seconds, calendar_id, calendar.version,
        array(select user_id from tickets.team_members member where account_id = $1 and team_id = team.id
            and member.role = 'agent') as members
    from tickets.teams team
    left join tickets.calendars calendar on calendar.account_id = $1 and calendar.id = calendar_id
    where team.account_id = $1
"""
_AGENTS: Final = """
    select user_id, skills, languages, capacity, channel_capacity::text, calendar_id, calendar.version
    from tickets.agents agent
    left join tickets.calendars calendar on calendar.account_id = $1 and calendar.id = calendar_id
    where agent.account_id = $1
"""
_ABSENCES: Final = """
    select user_id, starts_at, ends_at from tickets.absences
    where account_id = $1 and (ends_at is null or ends_at > $2) order by starts_at
"""
_STAFF: Final = f"""
    select id, name,
        array(
            select channel from tickets.tickets
            where account_id = $1 and assignee_id = person.id and state in ('new', 'open') limit {FULL_HANDS}
        ) as at_hand,
        (
            select json_object_agg(team_id, json_build_array(last_assigned_at, last_freed_at))::text
            from tickets.team_members where account_id = $1 and user_id = person.id
        ) as turns
    from tickets.people person
    where account_id = $1 and active and role in {ASSIGNABLE_ROLES!r}
    order by id
"""


@dataclass(frozen=True, slots=True)
class Rule:
    id: UUID
    name: str
    condition: str
    team_id: UUID
    skills: tuple[str, ...]
    priority: Priority | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Crew:
    """A team as tickets are handed out in it. `hours` None: around the clock."""

    id: UUID
    name: str
    strategy: Strategy
    longest_unassigned: timedelta
    hours: Hours | None
    members: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of somebody. `absences` are from when to when; None: for good."""

    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    capacity: int | None = None
    channel_capacity: Mapping[str, int] = field(default_factory=dict)
    hours: Hours | None = None
    absences: tuple[tuple[datetime, datetime | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    revision: UUID
    rules: Sequence[Rule]
    crews: Mapping[UUID, Crew]
    profiles: Mapping[UUID, Profile]

    @property
    def is_plain(self) -> bool:
        """Nothing was set up: everybody does everything."""
        return not self.rules and not self.crews and not self.profiles


@dataclass(slots=True)
class Worker:
    """Somebody who works on tickets, and what they have at hand just now: how many open ones of each channel.

    `turns`: by team, when they last got one of its tickets, and when they last finished one; in ISO 8601.
    """

    user_id: UUID
    name: str
    at_hand: dict[str, int]
    turns: Mapping[str, tuple[str | None, str | None]]

    @property
    def open_tickets(self) -> int:
        return sum(self.at_hand.values())


async def roster_of(connection: asyncpg.Connection, account_id: UUID, revision: UUID, now: datetime) -> Roster:
    """As it was at this revision, or later: whoever acts on it has the database compare the revision."""
    known = _ROSTERS.get(account_id)
    if known is not None and known.revision == revision:
        return known
    rules = [
        Rule(row[0], row[1], row[2], row[3], tuple(row[4]), row[5], tuple(row[6]))
        for row in await connection.fetch(_RULES, account_id)
    ]
    crews = [await _crew(connection, account_id, row) for row in await connection.fetch(_TEAMS, account_id)]
    profiles = await _profiles(connection, account_id, now)
    return _ROSTERS.keep(account_id, Roster(revision, rules, {crew.id: crew for crew in crews}, profiles))


async def staff_of(connection: asyncpg.Connection, account_id: UUID) -> list[Worker]:
    """All who can be assigned, in the order of their ids."""
    return [_worker(row) for row in await connection.fetch(_STAFF, account_id)]


async def _crew(connection: asyncpg.Connection, account_id: UUID, row: asyncpg.Record) -> Crew:
    team_id, name, strategy, seconds, calendar_id, version, members = row
    return Crew(
        id=team_id,
        name=name,
        strategy=strategy,
        longest_unassigned=timedelta(seconds=seconds),
        hours=await _hours(connection, account_id, calendar_id, version),
        members=frozenset(member for member in members),
    )


async def _profiles(connection: asyncpg.Connection, account_id: UUID, now: datetime) -> dict[UUID, Profile]:
    absences: defaultdict[UUID, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    for user_id, starts_at, ends_at in await connection.fetch(_ABSENCES, account_id, now):
        absences[user_id].append((starts_at, ends_at))
    profiles = {user_id: Profile(absences=tuple(away)) for user_id, away in absences.items()}
    for row in await connection.fetch(_AGENTS, account_id):
        user_id, skills, languages, capacity, channel_capacity, calendar_id, version = row
        profiles[user_id] = Profile(
            skills=frozenset(skills),
            languages=frozenset(languages),
            capacity=capacity,
            channel_capacity=orjson.loads(channel_capacity),
            hours=await _hours(connection, account_id, calendar_id, version),
            absences=tuple(absences.get(user_id, ())),
        )
    return profiles


async def _hours(
    connection: asyncpg.Connection, account_id: UUID, calendar_id: UUID | None, version: int | None
) -> Hours | None:
    if calendar_id is None or version is None:
        return None
    return await hours_of_version(connection, account_id, calendar_id, version)


def _worker(row: asyncpg.Record) -> Worker:
    at_hand: dict[str, int] = {}
    for channel in row["at_hand"]:
        at_hand[channel] = at_hand.get(channel, 0) + 1
    turns: dict[str, Any] = orjson.loads(row["turns"]) if row["turns"] else {}
    return Worker(row["id"], row["name"], at_hand, turns)


_ROSTERS: Final[Remembered[UUID, Roster]] = Remembered(_MOST_ROSTERS)
