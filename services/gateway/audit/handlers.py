from collections.abc import Sequence
from typing import Final

from services.gateway.audit import trail
from shared.bus.events import Event
from shared.contracts.base import ActorKind, Payload
from shared.contracts.feedback import FeedbackReceived, FeedbackUpdated
from shared.contracts.hearing import ActivityObserved, DeliveryReported
from shared.contracts.registry import registry
from shared.contracts.sources import SourceDelivered
from shared.contracts.survey import (
    AttemptObserved,
    CustomerSighted,
    InvitationRefused,
    ResponseReceived,
    VariantAssigned,
)
from shared.work import Work

# Answers are what Heed collects, not changes to it: they are stored with their origin and never altered, and they come
# by the thousand a second. Nor does it change anything when a rule keeps a customer from being asked, or a coin is
# tossed for them. The gateway's queue does not even receive these.
_NO_CHANGES: Final = (
    ResponseReceived,
    AttemptObserved,
    FeedbackReceived,
    FeedbackUpdated,
    SourceDelivered,
    ActivityObserved,
    DeliveryReported,
    CustomerSighted,
    InvitationRefused,
    VariantAssigned,
)
AUDITED: Final = tuple(payload for payload in registry().values() if payload not in _NO_CHANGES)

# Bots and the system only carry out what one of these decided.
_ACTORS: Final = frozenset({ActorKind.HUMAN, ActorKind.PARTNER, ActorKind.RULE})


async def record(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Who changed what, from every service."""
    await trail.record_events(work, [event for event in events if event.actor.kind in _ACTORS])
