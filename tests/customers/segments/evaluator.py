"""Conditions in plain Python, over plain objects: what the SQL must agree with."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from services.customers.segments import conditions as c
from shared.contracts.consent import ANALYTICS, Statement, decide

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "begins_with": str.startswith,
    "contains": operator.contains,
}
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Did:
    id: UUID
    kind: str
    name: str | None
    touchpoint: str | None
    occurred_at: datetime
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True)
class Said:
    id: UUID
    scheme: str | None
    value: Decimal | None
    band: str | None
    sentiment: str | None
    occurred_at: datetime


@dataclass(frozen=True)
class Somebody:
    id: UUID
    record: dict[str, Any]
    attributes: dict[str, Any]
    known_since: datetime = datetime(2026, 3, 1, 12, tzinfo=UTC)
    restricted: bool = False
    did: Sequence[Did] = ()
    said: Sequence[Said] = ()
    stated: Sequence[Statement] = ()
    segments: Sequence[UUID] = field(default=())

    def can_belong(self) -> bool:
        return not self.restricted and decide(ANALYTICS, "any", self.stated).allowed


def is_true(condition: c.AnyCondition, who: Somebody, now: datetime) -> bool:
    match condition:
        case c.All():
            return all(is_true(part, who, now) for part in condition.conditions)
        case c.AnyOf():
            return any(is_true(part, who, now) for part in condition.conditions)
        case c.Not():
            return not is_true(condition.condition, who, now)
        case c.OfProfile():
            return compare(condition.op, who.record.get(condition.field), condition.value)
        case c.OfAttribute():
            return compare(condition.op, who.attributes.get(condition.name), condition.value)
        case c.OfAge():
            return COMPARE[condition.op]((now - who.known_since) // DAY, condition.value)
        case c.OfActivity():
            return did(condition, who, now)
        case c.OfFeedback():
            return said(condition, who, now)
        case c.OfConsent():
            return decide(condition.purpose, condition.channel, who.stated).allowed == condition.allowed
        case c.OfSegment():
            return condition.segment_id in who.segments


def compare(op: str, found: Any, value: Any) -> bool:
    if op in ("known", "unknown"):
        return (found is not None) == (op == "known")
    if op == "one_of":
        return any(compare("eq", found, item) for item in value)
    return found is not None and kind(found) == kind(value) and COMPARE[op](found, value)


def kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def did(condition: c.OfActivity, who: Somebody, now: datetime) -> bool:
    wanted = {
        "kind": condition.kind,
        "name": condition.name,
        "touchpoint": condition.touchpoint,
        "currency": condition.currency,
    }
    rows = [one for one in within(condition, who.did, now) if fits(one, wanted)]
    if condition.measure == "sum":
        return COMPARE[condition.op](sum((one.amount for one in rows if one.amount), Decimal(0)), condition.value)
    return measured(condition, rows, now)


def said(condition: c.OfFeedback, who: Somebody, now: datetime) -> bool:
    wanted = {"scheme": condition.scheme, "band": condition.band, "sentiment": condition.sentiment}
    rows = [one for one in within(condition, who.said, now) if fits(one, wanted)]
    if condition.measure in ("last", "average"):
        values = [one.value for one in sorted(rows, key=lambda one: (one.occurred_at, one.id)) if one.value is not None]
        if not values:
            return False
        value = values[-1] if condition.measure == "last" else sum(values, Decimal(0)) / len(values)
        return COMPARE[condition.op](value, condition.value)
    return measured(condition, rows, now)


def fits(row: Any, wanted: dict[str, Any]) -> bool:
    return all(value is None or getattr(row, name) == value for name, value in wanted.items())


def within(condition: Any, rows: Sequence[Any], now: datetime) -> list[Any]:
    since = now - condition.within_days * DAY if condition.within_days else datetime.min.replace(tzinfo=now.tzinfo)
    return [row for row in rows if since < row.occurred_at <= now]


def measured(condition: Any, rows: Sequence[Any], now: datetime) -> bool:
    if condition.measure == "count":
        return COMPARE[condition.op](len(rows), condition.value)
    return bool(rows) and COMPARE[condition.op]((now - max(row.occurred_at for row in rows)) // DAY, condition.value)
