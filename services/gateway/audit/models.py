from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.db import Base


class AuditEntry(Base):
    """One line of an account's audit trail: who did what to which thing, chained to the line before.

    It names ids, never people or texts, so that the trail can be kept when a person's data is erased. `evidence` is the
    SHA-256 of the event it tells of.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_actor", "account_id", "actor", "position"),
        Index("ix_audit_entries_subject", "account_id", "subject", "position"),
        Index("ix_audit_entries_type", "account_id", "type", "position"),
        Index("ix_audit_entries_occurred_at", "account_id", "occurred_at"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    actor: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    event_id: Mapped[UUID | None]
    evidence: Mapped[bytes | None] = mapped_column(LargeBinary)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
