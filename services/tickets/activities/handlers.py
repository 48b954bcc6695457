"""Keeps the copy of purchases and cancellations up to date, in whatever order the events come."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.tickets.activities.models import KnownActivity
from shared.bus.events import Event
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityRecorded
from shared.contracts.base import Payload
from shared.work import Work

KEPT: Final = ("purchase", "cancellation")


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Upsert by version; of several events of one activity in a batch only the newest counts."""
    newest: dict[UUID, dict[str, Any]] = {}
    for event in events:
        told = event.data
        assert isinstance(told, ActivityRecorded | ActivityCorrected | ActivityDeleted)
        # What was corrected may have been a purchase before.
        if told.kind not in KEPT and not isinstance(told, ActivityCorrected):
            continue
        known = newest.get(told.activity_id)
        if known is None or known["version"] < event.aggregate_version:
            newest[told.activity_id] = {
                "account_id": work.account_id,
                "activity_id": told.activity_id,
                "version": event.aggregate_version,
                "customer_id": told.customer_id if isinstance(told, ActivityDeleted) else told.origin_customer_id,
                "kind": told.kind,
                "occurred_at": told.occurred_at,
                "gone": isinstance(told, ActivityDeleted) or told.kind not in KEPT,
            }
    if not newest:
        return
    statement = insert(KnownActivity)
    given = statement.excluded
    changes = {name: given[name] for name in ("version", "customer_id", "kind", "occurred_at", "gone")}
    # In the order of their ids, so that two batches wait for each other rather than for ever.
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "activity_id"], set_=changes, where=KnownActivity.version < given.version
        ),
        [newest[activity_id] for activity_id in sorted(newest)],
    )
