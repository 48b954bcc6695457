"""Emptying the event log of a person: events keep their number, id and type, and say nothing any more.

So a partner who reads the log from the start misses no number, and finds a tombstone (`CustomerErased`) at its end.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import orjson
from sqlalchemy import text

from shared.contracts.customers import CustomerDeleted, CustomerErased
from shared.contracts.feedback import FeedbackErased
from shared.contracts.gateway import SubjectRequestDue, SubjectRequestFinished, SubjectRequestOpened
from shared.contracts.survey import ResponseWithdrawn
from shared.work import Work

# Of these a person's other events are known: what happened to one is told under its id alone.
_LEADS: Final = ("response_id", "feedback_id", "ticket_id", "invitation_id", "message_id", "activity_id", "sighting_id")
# They tell of the erasure itself, and name nobody.
_KEPT: Final = (
    CustomerErased.TYPE,
    CustomerDeleted.TYPE,
    FeedbackErased.TYPE,
    ResponseWithdrawn.TYPE,
    SubjectRequestOpened.TYPE,
    SubjectRequestFinished.TYPE,
    SubjectRequestDue.TYPE,
)
_KEPT_PATTERN: Final = "%.subject-part.done.v1"
EMPTY: Final[Mapping[str, Any]] = {}

_SPEAKING = text(
    """
    select sequence, body from notifier.events
    where account_id = :account_id and type <> all(cast(:kept as text[])) and type not like :kept_pattern
        and exists (
            select from unnest(cast(:names as text[])) as name where position(convert_to(name, 'UTF8') in body) > 0
        )
    order by sequence
    """
)
_EMPTY = text(
    """
    update notifier.events as event set body = emptied.body
    from unnest(cast(:sequences as bigint[]), cast(:bodies as bytea[])) as emptied (sequence, body)
    where event.account_id = :account_id and event.sequence = emptied.sequence
    """
)
_FORGET_DELIVERIES = text(
    """
    update notifier.webhook_deliveries set body = null, last_response = null, last_error = null
    where account_id = :account_id and sequence = any(cast(:sequences as bigint[]))
    """
)


async def empty(work: Work, names: Collection[str]) -> int:
    """Every event that speaks of one of these ids, and what such events are about in turn. Returns how many."""
    known, emptied = set(names), dict[int, bytes]()
    fresh = set(known)
    while fresh:
        values = {"account_id": work.account_id, "kept": list(_KEPT), "kept_pattern": _KEPT_PATTERN}
        found = (await work.session.execute(_SPEAKING, values | {"names": list(fresh)})).all()
        fresh = set()
        for sequence, body in found:
            envelope = orjson.loads(body)
            if sequence in emptied or envelope["data"] == EMPTY:
                continue
            fresh |= set(_leads(envelope)) - known
            emptied[sequence] = orjson.dumps({**envelope, "data": EMPTY})
        known |= fresh
    if emptied:
        sequences = {"account_id": work.account_id, "sequences": list(emptied)}
        await work.session.execute(_EMPTY, sequences | {"bodies": list(emptied.values())})
        await work.session.execute(_FORGET_DELIVERIES, sequences)
    return len(emptied)


def _leads(envelope: Mapping[str, Any]) -> Iterator[str]:
    """What the event is about, where that is one person's own."""
    data = envelope["data"]
    subjects = {data[name] for name in _LEADS if isinstance(data.get(name), str)}
    yield from subjects
