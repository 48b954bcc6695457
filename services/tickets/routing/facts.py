"""What the conditions of routing rules see: `ticket`, `customer` and `feedback`; the latter two may be null."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol
from uuid import UUID

from pydantic import JsonValue

from services.tickets.fields.values import Value
from shared.contracts.notifier import FeedbackFacts
from shared.contracts.tickets import Priority
from shared.expressions import conditions
from shared.expressions.shapes import Schema, resolved
from shared.http.schemas import Model


class TicketFacts(Model):
    """As it was asked for. `origin` is rule, human, partner, bot or system."""

    subject: str
    description: str
    priority: Priority
    channel: str
    tags: list[str]
    fields: dict[str, Value]
    origin: str


class CustomerFacts(Model):
    id: UUID
    name: str | None
    locale: str | None
    company: str | None
    attributes: dict[str, JsonValue]


class Asked(Protocol):
    """A ticket, or one that is just being opened."""

    @property
    def subject(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def priority(self) -> Priority: ...
    @property
    def channel(self) -> str: ...
    @property
    def tags(self) -> list[str]: ...
    @property
    def fields(self) -> Mapping[str, Any]: ...
    @property
    def origin_kind(self) -> str: ...
    @property
    def feedback(self) -> Mapping[str, Any] | None: ...


@cache
def shapes() -> Mapping[str, Schema]:
    return {
        "ticket": resolved(TicketFacts.model_json_schema()),
        "customer": {"anyOf": [resolved(CustomerFacts.model_json_schema()), {"type": "null"}]},
        "feedback": {"anyOf": [resolved(FeedbackFacts.model_json_schema()), {"type": "null"}]},
    }


def check(condition: str, *, pointer: str) -> None:
    """Raises `Unacceptable` for what makes no sense of a ticket."""
    conditions.check(condition, shapes(), pointer=pointer)


def activation_of(asked: Asked, customer: Mapping[str, Any] | None) -> dict[str, Any]:
    """In plain JSON. `customer` is as `contacts` keeps it."""
    ticket = {
        "subject": asked.subject,
        "description": asked.description,
        "priority": asked.priority,
        "channel": asked.channel,
        "tags": list(asked.tags),
        "fields": dict(asked.fields),
        "origin": asked.origin_kind,
    }
    return {"ticket": ticket, "customer": customer, "feedback": asked.feedback}


def language_of(activation: Mapping[str, Any]) -> str | None:
    """What the customer wrote in, or else what they are known to read: `de`."""
    said: str | None = (activation["feedback"] or {}).get("language")
    locale: str | None = (activation["customer"] or {}).get("locale")
    language = said or locale
    return language.replace("_", "-").partition("-")[0].lower() if language else None


def merged_tags(tags: Sequence[str], more: Sequence[str], *, most: int) -> list[str]:
    return list(dict.fromkeys([*tags, *more]))[:most]
