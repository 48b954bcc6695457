"""How each event reads on a customer's timeline."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

from services.customers.timeline import schemas as s
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerCreated
from shared.contracts.notifier import MessageFailed, MessageSent, RuleRan
from shared.contracts.survey import FeedbackReceived, InvitationCreated
from shared.contracts.tickets import (
    LoopAdvanced,
    TargetMissed,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketUpdated,
)

LONGEST_EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Reading:
    """Fields of the same name are taken over from the payload; `own` makes the others, `at` names the time it tells."""

    entry: type[s.Entry]
    at: str | None = None
    own: Callable[[Any], dict[str, Any]] = lambda payload: {}

    def of(self, event: Event[Payload]) -> s.Entry:
        own = self.own(event.data)
        fields = self.entry.model_fields
        own["id"], own["kind"] = event.id, get_args(fields["kind"].annotation)[0]
        own["at"] = getattr(event.data, self.at) if self.at else event.time
        same = {name: getattr(event.data, name) for name in fields if name not in own}
        return self.entry.model_validate(same | own)


def _feedback(payload: FeedbackReceived) -> dict[str, Any]:
    rating = payload.rating
    return {
        "scheme": rating and rating.scheme,
        "score": rating and rating.value,
        "maximum": rating and rating.maximum,
        "band": rating and rating.band,
        "sentiment": payload.sentiment and payload.sentiment.label,
        "topics": [topic.key for topic in payload.topics],
        "excerpt": _excerpt(payload.text),
    }


def _excerpt(text: str | None) -> str | None:
    if text is None or len(text) <= LONGEST_EXCERPT:
        return text
    return text[: LONGEST_EXCERPT - 1] + "…"


READINGS: dict[type[Payload], Reading] = {
    CustomerCreated: Reading(s.CustomerCreatedEntry),
    InvitationCreated: Reading(s.InvitedEntry),
    FeedbackReceived: Reading(s.FeedbackEntry, at="occurred_at", own=_feedback),
    TicketOpened: Reading(
        s.TicketOpenedEntry, at="opened_at", own=lambda payload: {"feedback_id": payload.origin.feedback_id}
    ),
    TicketUpdated: Reading(s.TicketUpdatedEntry, own=lambda payload: {"changed": list(payload.changed)}),
    TicketReplied: Reading(s.TicketRepliedEntry, own=lambda payload: {"excerpt": _excerpt(payload.text)}),
    TicketResolved: Reading(s.TicketResolvedEntry, at="resolved_at"),
    TicketReopened: Reading(s.TicketReopenedEntry),
    TargetMissed: Reading(s.TargetMissedEntry, at="due_at"),
    LoopAdvanced: Reading(s.LoopAdvancedEntry),
    MessageSent: Reading(s.MessageSentEntry, at="sent_at"),
    MessageFailed: Reading(s.MessageFailedEntry),
    RuleRan: Reading(s.RuleRanEntry, own=lambda payload: {"actions": [a.action for a in payload.actions]}),
}
TOLD_BY = tuple(READINGS)


def customer_of(event: Event[Payload]) -> UUID | None:
    """Under whose identity it happened, and so whose timeline it belongs on; None if nobody known had to do with it."""
    origin: UUID | None = getattr(event.data, "origin_customer_id", None)
    return origin or getattr(event.data, "customer_id", None)


def entry_of(event: Event[Payload]) -> s.Entry:
    return READINGS[type(event.data)].of(event)
