"""What respondents upload. The bytes lie in a `FileStore`; a row says whose they are and what they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class File(Identified, AccountOwned, Base):
    """Of an attempt, until the attempt's response names it; then of the response. `size` is in bytes."""

    __tablename__ = "files"
    __table_args__ = (
        Index("ix_files_submission", "account_id", "survey_id", "submission_id"),
        Index("ix_files_response_id", "account_id", "response_id"),
    )

    survey_id: Mapped[UUID]
    submission_id: Mapped[str]
    question: Mapped[str]
    response_id: Mapped[UUID | None]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]
