"""The hash chain of an audit trail: each entry's hash covers all it says and the hash before it (as in RFC 6962's logs,
without the tree). Changing, inserting or removing an entry breaks every hash after it."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import orjson

GENESIS: Final = bytes(32)


class Chained(Protocol):
    """The attributes of `AuditEntry` that its hash covers."""

    account_id: Any
    position: Any
    occurred_at: Any
    recorded_at: Any
    actor: Any
    type: Any
    subject: Any
    event_id: Any
    evidence: Any
    details: Any


def entry_hash(entry: Chained, previous: bytes) -> bytes:
    """SHA-256 of the previous hash and the entry as canonical JSON: sorted keys, UTC times in microseconds."""
    content = {
        "account_id": str(entry.account_id),
        "position": entry.position,
        "occurred_at": _written(entry.occurred_at),
        "recorded_at": _written(entry.recorded_at),
        "actor": entry.actor,
        "type": entry.type,
        "subject": entry.subject,
        "event_id": str(entry.event_id) if entry.event_id is not None else None,
        "evidence": entry.evidence.hex() if entry.evidence is not None else None,
        "details": entry.details,
    }
    return hashlib.sha256(previous + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
