"""What people talk about and the list of topics does not have."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class TopicState(StrEnum):
    OPEN = "open"
    DISMISSED = "dismissed"
    ADOPTED = "adopted"


class LookState(StrEnum):
    WAITING = "waiting"
    READY = "ready"
    FAILED = "failed"


class EmergingTopic(Identified, AccountOwned, Base):
    """`members` are the feedback it was made of when it was last seen, the most typical first: by them it is known
    again. `weeks` counts them by the Monday of their week."""

    __tablename__ = "emerging_topics"
    __table_args__ = (
        CheckConstraint("state in ('open', 'dismissed', 'adopted')", name="state"),
        Index("ix_emerging_topics_size", "account_id", "size", "id"),
    )

    state: Mapped[TopicState] = mapped_column(
        Enum(TopicState, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states])
    )
    phrases: Mapped[list[str]] = mapped_column(JSONB)
    size: Mapped[int]
    weeks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    languages: Mapped[dict[str, int]] = mapped_column(JSONB)
    members: Mapped[list[str]] = mapped_column(JSONB)
    adopted_as: Mapped[str | None]
    first_seen_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class EmergingLook(AccountOwned, Base):
    """The last look at the texts of an account, or the one that is under way. `texts`: how many had no topic."""

    __tablename__ = "emerging_looks"
    __table_args__ = (CheckConstraint("state in ('waiting', 'ready', 'failed')", name="state"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]
    state: Mapped[LookState] = mapped_column(
        Enum(LookState, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states])
    )
    texts: Mapped[int]
    note: Mapped[str | None]
    requested_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
