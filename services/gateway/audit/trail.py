"""Writing the audit trail: entries are only ever added, one account's in single file."""

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, insert, select

from services.gateway.audit.chain import GENESIS, entry_hash
from services.gateway.audit.models import AuditEntry
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.work import Work


async def record(work: Work, *, type: str, subject: str, details: dict[str, Any] | None = None) -> None:
    """Something the gateway itself saw and that is no event. `details` hold ids, flags and counts: nothing personal."""
    entry = AuditEntry(
        account_id=work.account_id,
        occurred_at=work.now,
        actor=str(work.actor),
        type=type,
        subject=subject,
        details=details or {},
    )
    await _append(work, [entry])


async def record_events(work: Work, events: Sequence[Event[Payload]]) -> None:
    """What other services tell of; the hash of each event proves later which one was meant."""
    entries = [
        AuditEntry(
            account_id=work.account_id,
            occurred_at=event.time,
            actor=str(event.actor),
            type=event.type,
            subject=str(event.subject),
            event_id=event.id,
            evidence=hashlib.sha256(event.raw).digest(),
            details=_details(event),
        )
        for event in events
    ]
    await _append(work, entries)


async def _append(work: Work, entries: Sequence[AuditEntry]) -> None:
    """Under a lock per account, or two writers would both continue the same entry."""
    lock = func.hashtextextended(f"audit:{work.account_id}", 0)
    await work.session.execute(select(func.pg_advisory_xact_lock(lock)))
    last = (
        await work.session.execute(
            select(AuditEntry.position, AuditEntry.hash)
            .where(AuditEntry.account_id == work.account_id)
            .order_by(AuditEntry.position.desc())
            .limit(1)
        )
    ).one_or_none()
    position, previous = (last.position, last.hash) if last is not None else (0, GENESIS)
    rows = []
    for entry in entries:
        position += 1
        entry.position, entry.recorded_at, entry.previous_hash = position, work.now, previous
        entry.hash = previous = entry_hash(entry, previous)
        rows.append({column.name: getattr(entry, column.name) for column in AuditEntry.__table__.columns})
    if rows:
        await work.session.execute(insert(AuditEntry), rows)


def _details(event: Event[Payload]) -> dict[str, Any]:
    """Which fields changed, and which rule acted, where the event says so; values would be personal data."""
    details: dict[str, Any] = {"version": event.aggregate_version}
    changed = getattr(event.data, "changed", None)
    if changed:
        details["changed"] = [str(name) for name in changed]
    if event.causation_id is not None:
        details["caused_by"] = str(event.causation_id)
    return details
