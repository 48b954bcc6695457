"""How each event reads on a customer's timeline."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID, uuid5

from services.customers.timeline import schemas as s
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerCreated, CustomerMerged, CustomerUnmerged, SegmentMembershipChanged
from shared.contracts.feedback import Feedback, FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.contracts.notifier import MessageFailed, MessageSent, RuleRan
from shared.contracts.survey import InvitationCreated, InvitationEnded, InvitationRefused, InvitationReminded
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
    """Fields of the same name are taken over from the payload; `own` makes the others, `at` names the time it tells,
    `id` what it is about if later events change the same entry."""

    entry: type[s.Entry]
    at: str | None = None
    id: str | None = None
    own: Callable[[Any], dict[str, Any]] = lambda payload: {}

    def of(self, event: Event[Payload]) -> s.Entry:
        own = self.own(event.data)
        fields = self.entry.model_fields
        own["kind"] = get_args(fields["kind"].annotation)[0]
        own["id"] = getattr(event.data, self.id) if self.id else event.id
        own["at"] = getattr(event.data, self.at) if self.at else event.time
        same = {name: getattr(event.data, name) for name in fields if name not in own}
        return self.entry.model_validate(same | own)


def _feedback(payload: Feedback) -> dict[str, Any]:
    rating = payload.rating
    return {
        "said": payload.kind,
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
    CustomerMerged: Reading(s.CustomerMergedEntry),
    CustomerUnmerged: Reading(s.CustomerUnmergedEntry),
    InvitationReminded: Reading(s.RemindedEntry, own=lambda payload: {"channel": payload.medium}),
    InvitationEnded: Reading(s.InvitationEndedEntry, at="ended_at"),
    InvitationRefused: Reading(s.NotAskedEntry),
    InvitationCreated: Reading(s.InvitedEntry),
    FeedbackReceived: Reading(s.FeedbackEntry, at="occurred_at", id="feedback_id", own=_feedback),
    FeedbackUpdated: Reading(s.FeedbackEntry, at="occurred_at", id="feedback_id", own=_feedback),
    FeedbackErased: Reading(s.FeedbackErasedEntry, at="erased_at", id="feedback_id"),
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
TOLD_BY: tuple[type[Payload], ...] = (*READINGS, SegmentMembershipChanged)


# Whose version comes after every other: what was erased does not come back with an event that was late.
LAST_VERSION = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of one timeline: of the customer under whose identity it happened. Of several with the same id, the one
    with the highest version counts."""

    customer_id: UUID
    entry: s.Entry
    version: int


def told_by(event: Event[Payload]) -> list[Told]:
    """What the event adds to timelines, or changes of them; nothing if nobody known had to do with it."""
    if isinstance(event.data, SegmentMembershipChanged):
        return _memberships(event, event.data)
    origin: UUID | None = getattr(event.data, "origin_customer_id", None)
    customer_id: UUID | None = origin or getattr(event.data, "customer_id", None)
    if customer_id is None:
        return []
    version = LAST_VERSION if isinstance(event.data, FeedbackErased) else event.aggregate_version
    return [Told(customer_id, READINGS[type(event.data)].of(event), version)]


def _memberships(event: Event[Payload], changed: SegmentMembershipChanged) -> list[Told]:
    """The event is about many, so each entry has an id of its own (UUID version 5), the same whenever it is made."""
    ways: tuple[tuple[type[s.Entry], tuple[UUID, ...]], ...] = (
        (s.SegmentEnteredEntry, changed.entered),
        (s.SegmentLeftEntry, changed.left),
    )
    return [
        Told(
            customer_id,
            entry.model_validate(
                {
                    "id": uuid5(event.id, str(customer_id)),
                    "at": event.time,
                    "kind": get_args(entry.model_fields["kind"].annotation)[0],
                    "segment_id": changed.segment_id,
                    "segment_name": changed.segment_name,
                }
            ),
            event.aggregate_version,
        )
        for entry, customer_ids in ways
        for customer_id in customer_ids
    ]
