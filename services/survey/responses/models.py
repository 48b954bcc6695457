"""Accepted answers, exactly as they came. Rows are written by `survey.accept_responses` (see the first migration)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Response(Identified, AccountOwned, Base):
    """`score` repeats the answer to the score question, so that it can be found without reading `answers`."""

    __tablename__ = "responses"
    __table_args__ = (
        Index("uq_responses_submission", "account_id", "survey_id", "submission_id", unique=True),
        Index("ix_responses_received_at", "account_id", "received_at", "id"),
    )

    survey_id: Mapped[UUID]
    survey_version: Mapped[int]
    submission_id: Mapped[str]
    invitation_id: Mapped[UUID | None]
    ticket_id: Mapped[UUID | None]
    customer: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answers: Mapped[list[Any]] = mapped_column(JSONB)
    score: Mapped[int | None] = mapped_column(SmallInteger)
    completed: Mapped[bool]
    channel: Mapped[str]
    touchpoint: Mapped[str | None]
    dimensions: Mapped[dict[str, str]] = mapped_column(JSONB)
    language: Mapped[str | None]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    # Grows with each part and each change by the respondent; consumers keep the highest.
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    hidden: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    variables: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    ending: Mapped[str | None]
    screened_out: Mapped[bool] = mapped_column(server_default=text("false"))
    over_quota: Mapped[str | None]
    suspicious: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    # Where it was filled in: `url` without what may be secret in it, `referrer`, `app`.
    source: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    # The keys of the quotas that it has been counted in.
    counted: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"))
    changed_at: Mapped[datetime | None]
    # Taken back: the row stays, emptied, so that a late retry does not bring the answers back.
    withdrawn_at: Mapped[datetime | None]


class ResponseVersion(AccountOwned, Base):
    """Answers as they stood before the respondent changed them."""

    __tablename__ = "response_versions"

    response_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    answers: Mapped[list[Any]] = mapped_column(JSONB)
    ended_at: Mapped[datetime]


class QuotaCount(AccountOwned, Base):
    """How many submissions a quota has counted; the survey's response limit is the one called `responses`."""

    __tablename__ = "quota_counts"

    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    counted: Mapped[int] = mapped_column(BigInteger)
