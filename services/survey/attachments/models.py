"""What came along with mails and messages. The bytes lie in a `FileStore`; a row says what they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Attachment(Identified, AccountOwned, Base):
    """`size` in bytes. `refused` says why there are no bytes; null: they were kept."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_feedback_id", "account_id", "feedback_id", "position"),)

    feedback_id: Mapped[UUID]
    position: Mapped[int]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    refused: Mapped[str | None]
    created_at: Mapped[datetime]
