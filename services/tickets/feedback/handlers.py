"""Keeps the copy of feedback up to date, in whatever order the events come."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from services.tickets.feedback.models import KnownFeedback
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.feedback import Feedback, FeedbackErased
from shared.work import Work

# Nothing that is told of it later is newer than that it was taken back.
_FOR_GOOD: Final = 2**31 - 1


async def record_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Upsert by version; of several events of one piece of feedback in a batch only the newest counts."""
    newest: dict[UUID, dict[str, Any]] = {}
    for event in events:
        row = _row(event)
        known = newest.get(row["feedback_id"])
        if known is None or known["version"] < row["version"]:
            newest[row["feedback_id"]] = row
    statement = insert(KnownFeedback)
    given = statement.excluded
    names = [column.key for column in KnownFeedback.__table__.columns if not column.primary_key]
    changes = {name: given[name] for name in names if name != "origin_customer_id"}
    # In the order of their ids, so that two batches wait for each other rather than for ever.
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "feedback_id"], set_=changes, where=KnownFeedback.version < given.version
        ),
        [{"account_id": work.account_id, **newest[feedback_id]} for feedback_id in sorted(newest)],
    )


def _row(event: Event[Payload]) -> dict[str, Any]:
    said = event.data
    if isinstance(said, FeedbackErased):
        return {
            "feedback_id": said.feedback_id,
            "version": _FOR_GOOD,
            "customer_id": None,
            "channel": "",
            "band": None,
            "rating": None,
            "keys": [],
            "topics": {},
            "occurred_at": said.erased_at,
            "gone": True,
        }
    assert isinstance(said, Feedback)
    topics = {topic.key: list(topic.evidence) for topic in said.topics}
    return {
        "feedback_id": said.feedback_id,
        "version": event.aggregate_version,
        "customer_id": said.origin_customer_id or said.customer_id,
        "channel": said.channel,
        "band": said.rating.band if said.rating else said.sentiment.label if said.sentiment else None,
        "rating": said.rating.normalised if said.rating else None,
        "keys": list(topics),
        "topics": topics,
        "occurred_at": said.occurred_at,
        "gone": said.removed,
    }
