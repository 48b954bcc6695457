"""What waits to leave the house: messages for the mail server, events for webhooks.

The rows name nothing but ids, and no row-level security hides them: the loops serve all accounts. What is sent stands
in the feature's own tables, which they open one account at a time.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base


class Dispatch(Base):
    """A row that is here has not been delivered. `lane` keeps those apart that must not wait for each other."""

    __tablename__ = "dispatches"
    __table_args__ = (Index("ix_dispatches_lane", "kind", "lane", "due_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    kind: Mapped[str]
    lane: Mapped[UUID]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(BigInteger, default=0)
    locked_until: Mapped[datetime | None]
    correlation_id: Mapped[UUID]
    causation_id: Mapped[UUID | None]
    traceparent: Mapped[str | None]
