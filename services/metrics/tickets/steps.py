"""From events to steps: of each what numbers need, and no words."""

from typing import Final
from uuid import UUID

from services.metrics.tickets.course import Step
from shared.bus.events import Event
from shared.contracts.base import ActorKind, Payload
from shared.contracts.conversations import ConversationHandedOff
from shared.contracts.tickets import (
    LoopAdvanced,
    PolicyReapplied,
    TargetMet,
    TargetMissed,
    TicketEscalated,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketUpdated,
)

_STANDING: Final = ("priority", "team_id", "assignee_id")
_DUE: Final = ("first_response_due_at", "resolution_due_at")
# What a step is called, which is also the name of the method of `Course` that takes it, and the fields it keeps.
_KEPT: Final[dict[type[Payload], tuple[str, tuple[str, ...]]]] = {
    TicketOpened: ("opened", ("opened_at", "channel", *_STANDING, *_DUE)),
    TicketUpdated: ("updated", ("state", *_STANDING)),
    TicketReplied: ("replied", ("first_response_seconds",)),
    TicketResolved: ("resolved", ("resolved_at", "resolution_seconds")),
    TicketReopened: ("reopened", ("resolution_due_at",)),
    TicketEscalated: ("escalated", ()),
    TargetMet: ("met", ("target", "due_at")),
    TargetMissed: ("missed", ("target", "due_at")),
    PolicyReapplied: ("reapplied", ("missed", *_DUE)),
    LoopAdvanced: ("loop", ("stage", "before", "after")),
    ConversationHandedOff: ("handed_off", ("handed_off_at",)),
}
STEPS: Final = tuple(_KEPT)
# Those who speak for the account. What a rule or an assistant says is no answer of a person.
_IN_PERSON: Final = (ActorKind.HUMAN, ActorKind.PARTNER)


def step_of(event: Event[Payload]) -> tuple[UUID, Step]:
    """The ticket's id, and what happened to it. `event` is one of `STEPS`."""
    kind, fields = _KEPT[type(event.data)]
    told = event.data.model_dump(mode="json", include={*fields, "ticket_id", "customer_id", "origin_customer_id"})
    ticket_id, customer_id = UUID(told["ticket_id"]), told.get("origin_customer_id") or told["customer_id"]
    data = {name: told[name] for name in fields} | {"in_person": event.actor.kind in _IN_PERSON}
    step = Step(event.aggregate_version, event.time, kind, UUID(customer_id) if customer_id else None, data)
    return ticket_id, step
