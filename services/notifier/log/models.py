"""The replayable event log: every event of an account, numbered without gaps."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned


class EventCounter(AccountOwned, Base):
    """The last number given out. Its row lock, held to the end of the transaction, is what makes numbers gap-free and
    lets them become visible in order: a reader that has seen n has seen everything up to n."""

    __tablename__ = "event_counters"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    last_sequence: Mapped[int] = mapped_column(BigInteger)


class LoggedEvent(AccountOwned, Base):
    """One event. `body` is the envelope as it travelled, with `sequence` added as its last member."""

    __tablename__ = "events"
    __table_args__ = (
        Index("uq_events_event_id", "account_id", "event_id", unique=True),
        Index("ix_events_time", "account_id", "time", "sequence"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID]
    causation_id: Mapped[UUID | None]
    type: Mapped[str]
    time: Mapped[datetime]
    body: Mapped[bytes] = mapped_column(LargeBinary)
