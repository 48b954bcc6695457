"""Reading the audit trail, and proving that it is whole."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from services.gateway.audit.chain import GENESIS, entry_hash
from services.gateway.audit.models import AuditEntry
from services.gateway.audit.schemas import Verification
from shared.work import Work

_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is None does not filter. `since` is included, `until` is not."""

    actor: str | None = None
    type: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def statement(self, work: Work) -> Select[AuditEntry]:
        statement = select(AuditEntry).where(AuditEntry.account_id == work.account_id)
        if self.actor is not None:
            statement = statement.where(AuditEntry.actor == self.actor)
        if self.type is not None:
            statement = statement.where(AuditEntry.type == self.type)
        if self.subject is not None:
            statement = statement.where(AuditEntry.subject == self.subject)
        if self.since is not None:
            statement = statement.where(AuditEntry.occurred_at >= self.since)
        if self.until is not None:
            statement = statement.where(AuditEntry.occurred_at < self.until)
        return statement


async def verify(work: Work, *, after: int, limit: int) -> Verification:
    """Recompute the hashes of up to `limit` entries that follow position `after`, a few at a time."""
    previous = await _hash_at(work, after)
    if previous is None:
        return _result(after, after, previous=GENESIS, broken_at=after, complete=True)
    position = after
    while position - after < limit:
        rows = await _rows_after(work, position, min(_AT_ONCE, limit - (position - after)))
        for row in rows:
            fits = row.position == position + 1 and row.previous_hash == previous
            if not fits or row.hash != entry_hash(row, previous):
                return _result(after, position, previous=previous, broken_at=position + 1, complete=True)
            position, previous = row.position, row.hash
        if not rows:
            return _result(after, position, previous=previous, broken_at=None, complete=True)
    return _result(
        after, position, previous=previous, broken_at=None, complete=not await _rows_after(work, position, 1)
    )


async def _hash_at(work: Work, position: int) -> bytes | None:
    if position == 0:
        return GENESIS
    found: bytes | None = await work.session.scalar(
        select(AuditEntry.hash).where(AuditEntry.account_id == work.account_id, AuditEntry.position == position)
    )
    return found


async def _rows_after(work: Work, position: int, limit: int) -> list[Any]:
    # Rows, not entities: thousands of them need not be tracked by the session.
    statement = select(*AuditEntry.__table__.columns).where(
        AuditEntry.account_id == work.account_id, AuditEntry.position > position
    )
    return list((await work.session.execute(statement.order_by(AuditEntry.position).limit(limit))).all())


def _result(after: int, position: int, *, previous: bytes, broken_at: int | None, complete: bool) -> Verification:
    return Verification(
        intact=broken_at is None,
        checked=position - after,
        after=after,
        verified_through=position,
        broken_at=broken_at,
        complete=complete,
        head_hash=previous.hex(),
    )
