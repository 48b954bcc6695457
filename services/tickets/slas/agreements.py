"""What a ticket was promised: a version of a policy, counted by a version of a calendar.

Neither ever changes, so an agreement is read once and remembered, with the days that its calendar has worked out. Which
agreements an account makes today stands in its book; see `revisions` for how that is kept current.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

import asyncpg
import orjson

from services.tickets.calendars.content import hours_of
from services.tickets.calendars.hours import AroundTheClock, Hours
from services.tickets.slas.clock import TARGETS, Target, Terms
from services.tickets.slas.policy_schemas import Conditions, PolicyIn, Targets
from shared.contracts.tickets import Priority

K = TypeVar("K")
V = TypeVar("V")
Seconds = tuple[int | None, ...]
# A version of a policy, and of a calendar unless it counts around the clock.
Pin = tuple[UUID, int, UUID | None, int | None]

_MOST_BOOKS: Final = 1_000
_MOST_AGREEMENTS: Final = 5_000
_MOST_CALENDARS: Final = 1_000
_AROUND_THE_CLOCK: Final = AroundTheClock()

_REVISION: Final = "select terms_revision from tickets.counters where account_id = $1"
_TODAY: Final = """
    select policy.id, policy.version, policy.by_calendar, calendar.id, calendar.version
    from tickets.sla_policies policy
    left join tickets.calendars calendar on calendar.account_id = $1 and policy.by_calendar
        and case when policy.calendar_id is null then calendar.is_default else calendar.id = policy.calendar_id end
    where policy.account_id = $1 and policy.removed_at is null
    order by policy.is_default, policy.position, policy.id
"""
_POLICY: Final = """
    select spec::text from tickets.sla_policy_versions where account_id = $1 and policy_id = $2 and version = $3
"""
_CALENDAR: Final = """
    select content::text from tickets.calendar_versions where account_id = $1 and calendar_id = $2 and version = $3
"""


class Facts(Protocol):
    """What decides which policy is right: of a ticket, or of one that is just being opened."""

    @property
    def priority(self) -> Priority: ...
    @property
    def channel(self) -> str: ...
    @property
    def tags(self) -> list[str]: ...
    @property
    def origin_kind(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Agreement:
    pin: Pin
    policy: PolicyIn
    hours: Hours
    _terms: dict[Priority, Terms] = field(default_factory=dict)
    _seconds: dict[Priority, Seconds] = field(default_factory=dict)

    def terms(self, priority: Priority) -> Terms:
        known = self._terms.get(priority)
        if known is None:
            known = self._terms[priority] = terms_of(self.policy, priority, self.hours)
        return known

    def seconds(self, priority: Priority) -> Seconds:
        """What is allowed, in the order of `TARGETS`; null: there is no target of that kind."""
        known = self._seconds.get(priority)
        if known is None:
            allowed = seconds_of(getattr(self.policy.targets, priority))
            known = self._seconds[priority] = tuple(allowed[target] for target in TARGETS)
        return known


@dataclass(frozen=True, slots=True)
class Book:
    """The agreements of today, in the order in which they are tried; the last one is for all that are left."""

    revision: UUID
    agreements: Sequence[Agreement]

    def agreement_for(self, facts: Facts) -> Agreement:
        return next((one for one in self.agreements if holds(one.policy.conditions, facts)), self.agreements[-1])


def holds(conditions: Conditions, facts: Facts) -> bool:
    """All that are given, each by any of its values."""
    return (
        (not conditions.priorities or facts.priority in conditions.priorities)
        and (not conditions.channels or facts.channel in conditions.channels)
        and (not conditions.tags or not set(conditions.tags).isdisjoint(facts.tags))
        and (not conditions.origins or facts.origin_kind in conditions.origins)
    )


def terms_of(policy: PolicyIn, priority: Priority, hours: Hours) -> Terms:
    seconds = seconds_of(getattr(policy.targets, priority))
    return Terms(
        allowances={target: timedelta(seconds=number) for target, number in seconds.items() if number is not None},
        paused_in={target: frozenset(getattr(policy.paused_in, target)) for target in TARGETS},
        warn_at=tuple(policy.warn_at),
        hours=hours,
    )


def seconds_of(targets: Targets) -> Mapping[Target, int | None]:
    return {target: getattr(targets, f"{target}_seconds") for target in TARGETS}


async def book_of(connection: asyncpg.Connection, account_id: UUID, *, fresh: bool = False) -> Book | None:
    """As remembered, or `fresh` from the database; None if the account has no policies yet.

    The revision is read before what it counts, so a book can be older than it says, but never newer.
    """
    known = None if fresh else _BOOKS.get(account_id)
    if known is not None:
        return known
    revision = await connection.fetchval(_REVISION, account_id)
    rows = await connection.fetch(_TODAY, account_id) if revision is not None else []
    if not rows:
        return None
    agreements = []
    for policy_id, version, by_calendar, calendar_id, calendar_version in rows:
        if by_calendar and calendar_id is None:
            raise RuntimeError(f"policy {policy_id} has no calendar to count by")
        pin = (policy_id, version, calendar_id, calendar_version)
        agreements.append(await agreement_of(connection, account_id, pin))
    return _BOOKS.keep(account_id, Book(revision, agreements))


async def agreement_of(connection: asyncpg.Connection, account_id: UUID, pin: Pin) -> Agreement:
    """As it was made, whatever policy and calendar have become."""
    known = _AGREEMENTS.get(pin)
    if known is not None:
        return known
    policy_id, version, calendar_id, calendar_version = pin
    spec = orjson.loads(await connection.fetchval(_POLICY, account_id, policy_id, version))
    hours: Hours = _AROUND_THE_CLOCK
    if calendar_id is not None and calendar_version is not None:
        hours = await hours_of_version(connection, account_id, calendar_id, calendar_version)
    return _AGREEMENTS.keep(pin, Agreement(pin, PolicyIn.model_validate(spec), hours))


async def hours_of_version(connection: asyncpg.Connection, account_id: UUID, calendar_id: UUID, version: int) -> Hours:
    known = _HOURS.get((calendar_id, version))
    if known is not None:
        return known
    content: dict[str, Any] = orjson.loads(await connection.fetchval(_CALENDAR, account_id, calendar_id, version))
    return _HOURS.keep((calendar_id, version), hours_of(content))


class Remembered(OrderedDict[K, V]):
    """The latest so many."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> V:
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)
        return value


_BOOKS: Final[Remembered[UUID, Book]] = Remembered(_MOST_BOOKS)
_AGREEMENTS: Final[Remembered[Pin, Agreement]] = Remembered(_MOST_AGREEMENTS)
_HOURS: Final[Remembered[tuple[UUID, int], Hours]] = Remembered(_MOST_CALENDARS)
