"""What has a customer asked by itself: something they did, an answer they gave, a segment they came into."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.surveys.models import Survey
from shared.db.base import AccountOwned, Identified


class StoredTrigger(Identified, AccountOwned, Base):
    """`document` is a `Trigger`; `event` is what it waits for, for the index."""

    __tablename__ = "triggers"
    __table_args__ = (
        Index("ix_triggers_event", "account_id", "event"),
        Index("ix_triggers_survey_id", "account_id", "survey_id", "created_at", "id"),
    )

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id))
    version: Mapped[int]
    event: Mapped[str]
    enabled: Mapped[bool]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
