"""Whether a rule acts on an event: pure, so that a simulation judges exactly as the real thing does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from services.notifier.rules import conditions
from services.notifier.rules.models import Rule
from services.notifier.rules.schemas import Outcome
from shared.expressions.conditions import holds

# A chain of events in which rules have already acted this often is going round in circles.
MOST_RUNS_IN_A_CHAIN = 5


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event as rules see it: `data` is its payload in plain JSON, `happened_at` when it was."""

    event: Mapping[str, Any]
    happened_at: datetime

    @property
    def told_at(self) -> datetime:
        return datetime.fromisoformat(self.event["time"])

    @property
    def data(self) -> Mapping[str, Any]:
        data: Mapping[str, Any] = self.event["data"]
        return data

    @property
    def activation(self) -> dict[str, Any]:
        named = {name: str(self.event[name]) for name in ("id", "type", "subject", "time", "actor")}
        return conditions.activation_of(self.data, **named)


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    reason: str | None = None


def occurrence_of(body: bytes) -> Occurrence:
    """An answer that was imported counts by its own time, everything else by the event's."""
    event = orjson.loads(body)
    happened_at = event["data"].get("occurred_at") or event["time"]
    return Occurrence(event, datetime.fromisoformat(happened_at))


def judge(condition: str, max_event_age: timedelta, occurrence: Occurrence, now: datetime) -> Verdict:
    """Condition, then age: what would not have mattered anyway is not called too old."""
    matches, reason = holds(condition, occurrence.activation)
    if not matches:
        return Verdict("not_matched", reason or "the condition does not hold")
    if now - occurrence.happened_at > max_event_age:
        return Verdict(
            "too_old", f"it happened on {occurrence.happened_at:%Y-%m-%d}, longer ago than the rule looks back"
        )
    return Verdict("ran")


def judge_rule(rule: Rule, occurrence: Occurrence, now: datetime) -> Verdict:
    return judge(rule.condition, timedelta(seconds=rule.max_event_age_seconds), occurrence, now)
