"""Events that may bring customers into segments or out of them. What is true is read from our own tables, not from the
event, so they may come in any order, late, or twice."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from services.customers.db import MERGED_CUSTOMERS
from services.customers.segments import facts
from services.customers.segments.concerns import ALL_ACTIVITIES, touches, with_general
from services.customers.segments.membership import lock, look_at, segments_of
from services.customers.segments.models import Segment
from shared.bus.events import Event
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityRecorded
from shared.contracts.base import Payload
from shared.contracts.consent import ANALYTICS, ConsentChanged
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from shared.contracts.feedback import Feedback, FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.work import Work

HEARD: list[type[Payload]] = [
    CustomerCreated,
    CustomerUpdated,
    CustomerDeleted,
    CustomerMerged,
    CustomerUnmerged,
    ActivityRecorded,
    ActivityCorrected,
    ActivityDeleted,
    ConsentChanged,
    FeedbackReceived,
    FeedbackUpdated,
    FeedbackErased,
]

# Who somebody is concerns every segment.
EVERYTHING = "*"
Concerned = dict[UUID, set[UUID]]


async def follow(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Look again at the customers that these events are about, in the segments that they may concern."""
    await lock(work)
    touched: defaultdict[str, set[UUID]] = defaultdict(set)
    for event in events:
        for fact, customer_id in _touched(event.data):
            touched[fact].add(customer_id)
    deleted = [event.data.customer_id for event in events if isinstance(event.data, CustomerDeleted)]
    if deleted:
        await facts.forget(work, deleted)
    said = [event for event in events if isinstance(event.data, Feedback | FeedbackErased)]
    if said:
        for fact, customer_id in await facts.remember(work, said):
            touched[fact].add(customer_id)
    segments = await segments_of(work)
    concerned = _concerned(segments, touched)
    if concerned:
        await look_at(work, segments, await _present(work, concerned))


def _touched(data: Any) -> Iterator[tuple[str, UUID]]:
    match data:
        case CustomerMerged():
            yield EVERYTHING, data.customer_id
            yield EVERYTHING, data.merged_customer_id
        case CustomerUnmerged():
            yield EVERYTHING, data.customer_id
            yield EVERYTHING, data.restored_customer_id
        case CustomerCreated() | CustomerUpdated() | CustomerDeleted():
            yield EVERYTHING, data.customer_id
        case ActivityCorrected():
            # What it was before, it does not say.
            yield ALL_ACTIVITIES, data.customer_id
        case ActivityRecorded() | ActivityDeleted():
            for fact in with_general("activity", data.kind, data.name):
                yield fact, data.customer_id
        case ConsentChanged():
            yield EVERYTHING if data.purpose == ANALYTICS else f"consent.{data.purpose}", data.customer_id


async def _present(work: Work, concerned: Concerned) -> Concerned:
    """With those for whom somebody else stands by now, that somebody too."""
    present = await MERGED_CUSTOMERS.present_ids(work, {each for ids in concerned.values() for each in ids})
    return {segment_id: ids | {present[each] for each in ids} for segment_id, ids in concerned.items()}


def _concerned(segments: Sequence[Segment], touched: Mapping[str, set[UUID]]) -> Concerned:
    concerned: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for segment in segments:
        for fact, ids in touched.items():
            if fact == EVERYTHING or touches(fact, segment.concerns):
                concerned[segment.id] |= ids
    return concerned
