"""What connected shops tell of: orders, refunds, cancellations."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from services.customers.activities import orders
from services.customers.activities import service as activities
from services.customers.activities.schemas import EARLIEST, MOST_PROPERTIES, NewActivity
from services.customers.records import sightings
from services.customers.records.naming import Recognised
from shared.bus.events import Event
from shared.bus.subscriptions import Timer
from shared.contracts.hearing import ActivityObserved
from shared.work import Work

UNCLAIMED: Final = "activities.unclaimed"
# A refund may overtake the order that says whose it is.
_TRIES: Final = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
_WORD: Final = re.compile(r"[^a-z0-9_.-]+")
_PROPERTY: Final = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_ID: Final = 180


async def record(work: Work, event: Event[ActivityObserved]) -> None:
    await _record(work, event.data, tries=0)


async def claim(work: Work, timer: Timer) -> None:
    """Somebody may have become known by now."""
    await _record(work, ActivityObserved.read(timer.payload["observed"]), tries=timer.payload["tries"])


async def _record(work: Work, observed: ActivityObserved, *, tries: int) -> None:
    source, source_id = _word(observed.source), _source_id(observed)
    if observed.removed:
        await activities.take_back(work, source, source_id)
        return
    someone = await _whose(work, observed)
    if someone is None:
        if tries < len(_TRIES) and observed.customer is not None:
            payload = {"observed": observed.model_dump(mode="json"), "tries": tries + 1}
            due_at = work.now + _TRIES[tries]
            await work.schedule(UNCLAIMED, key=f"{source_id} {observed.version}", due_at=due_at, payload=payload)
        return
    activity = _activity(observed, someone.named_id, source, source_id)
    if activity is not None:
        await activities.record_all(work, [activity])


async def _whose(work: Work, observed: ActivityObserved) -> Recognised | None:
    """An order says who bought by what it names them by; what follows an order may name nothing but the order."""
    if observed.customer is None:
        return None
    order = None if observed.kind == "purchase" else observed.order_ref
    # A shop may name the order by its own id, as Shopify's refunds do, and not by the number.
    buyer_id = await orders.buyer_by_id(work, _word(observed.source), _id_there(observed, order)) if order else None
    named = observed.customer.model_copy(update={"id": buyer_id} if buyer_id else {"order": order})
    evidence = evidence_of(observed.source_id)
    return await sightings.recognise(
        work, named, source="activity", evidence=evidence, orders_of=mark_of(observed.source_id)
    )


def evidence_of(source_id: UUID) -> str:
    """By which an identity tells that a source brought it."""
    return f"source {source_id}"


def mark_of(source_id: UUID) -> str:
    """Ends the `source_id` of all that one source told: another shop's numbers may be the same."""
    return f"@{source_id.hex[-12:]}"


def _source_id(observed: ActivityObserved) -> str:
    return _id_there(observed, observed.external_id)


def _id_there(observed: ActivityObserved, external_id: str) -> str:
    """The `source_id` of what the same source calls so."""
    return f"{external_id[:_LONGEST_ID]}{mark_of(observed.source_id)}"


def _activity(observed: ActivityObserved, customer_id: UUID, source: str, source_id: str) -> NewActivity | None:
    """With as much of it as can be kept; nobody is left to ask again. None if it happened in no possible year."""
    order = observed.order_ref or (observed.external_id if observed.kind == "purchase" else None)
    properties = _properties(observed.properties) | ({"order_ref": order} if order else {})
    fields: dict[str, Any] = {
        "customer": {"id": customer_id},
        "kind": observed.kind,
        "name": _word(observed.name or "other") if observed.kind == "custom" else None,
        "occurred_at": max(observed.occurred_at, EARLIEST),
        "amount": observed.amount and observed.amount.model_dump(),
        "touchpoint": _word(observed.touchpoint) if observed.touchpoint else None,
        "properties": properties,
        "source": source,
        "source_id": source_id,
        "version": observed.version,
    }
    less: tuple[dict[str, Any], ...] = ({}, {"properties": {}}, {"properties": {}, "amount": None})
    for spared in less:
        try:
            return NewActivity.model_validate(fields | spared)
        except ValidationError:
            continue
    return None


def _properties(given: Mapping[str, Any]) -> dict[str, Any]:
    named = {_PROPERTY.sub("_", name).lstrip("_.-0123456789")[:64]: value for name, value in given.items()}
    return dict([(name, value) for name, value in named.items() if name and value is not None][: MOST_PROPERTIES - 1])


def _word(text: str) -> str:
    return _WORD.sub("-", text.lower()).strip("-._")[:64] or "other"
