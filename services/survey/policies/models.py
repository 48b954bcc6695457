"""How often an account lets people be asked, and how each of its surveys asks. Absent rows mean the defaults."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.surveys.models import Survey
from shared.db.base import AccountOwned


class StoredContactPolicy(AccountOwned, Base):
    """`document` is a `ContactPolicy`."""

    __tablename__ = "contact_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class StoredSurveyPolicy(AccountOwned, Base):
    """`document` is a `SurveyPolicy`."""

    __tablename__ = "survey_policies"

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id), primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]
