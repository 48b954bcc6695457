"""Surveys as people edit them, and the versions that were published."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class SurveyState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    ARCHIVED = "archived"


class _Defined:
    definition: Mapped[dict[str, Any]] = mapped_column(JSONB)

    @property
    def locale(self) -> str:
        """The first of its languages, for whoever reads none of them better."""
        locales: list[str] = self.definition["locales"]
        return locales[0]


class Survey(_Defined, Identified, AccountOwned, Base):
    """The working copy. `version` counts edits (for ETag); `published_version` is what respondents see."""

    __tablename__ = "surveys"
    __table_args__ = (
        CheckConstraint("state in ('draft', 'published', 'paused', 'archived')", name="state"),
        Index("ix_surveys_account_id_created_at", "account_id", "created_at", "id"),
        Index("uq_surveys_built_in", "account_id", "built_in", unique=True),
    )

    name: Mapped[str]
    kind: Mapped[str]
    state: Mapped[SurveyState] = mapped_column(
        Enum(
            SurveyState, native_enum=False, length=20, values_callable=lambda states: [state.value for state in states]
        )
    )
    version: Mapped[int]
    published_version: Mapped[int | None]
    touchpoint: Mapped[str | None]
    journey_stage: Mapped[str | None]
    # None: the service's setting decides.
    cooldown_days: Mapped[int | None]
    # Before and after these, and beyond this many completed responses, a published survey takes no answers.
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    response_limit: Mapped[int | None]
    # Which of Heed's own surveys this is, such as `after_ticket_csat`; None for all that people make.
    built_in: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SurveyVersion(_Defined, AccountOwned, Base):
    """What was published, never changed again: each response says which version it answers."""

    __tablename__ = "survey_versions"

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    touchpoint: Mapped[str | None]
    journey_stage: Mapped[str | None]
    published_at: Mapped[datetime]
