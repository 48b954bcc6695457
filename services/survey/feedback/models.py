"""One record for whatever was said, on whatever channel."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Float, Index, SmallInteger
from sqlalchemy import text as text_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Feedback(Identified, AccountOwned, Base):
    """`score` is as it was given; `reversed` says that high means bad on its scale, so `normalised` and `band` are
    turned round. `told` is false while the customers service is being asked who it was; then the others hear of it."""

    __tablename__ = "feedback"
    __table_args__ = (
        Index("uq_feedback_response_id", "account_id", "response_id", unique=True),
        Index("ix_feedback_occurred_at", "account_id", "occurred_at", "id"),
        Index("ix_feedback_customer_id", "account_id", "customer_id", "occurred_at"),
        origin_index("feedback", "origin_customer_id"),
        Index(
            "ix_feedback_external_id",
            *("account_id", "source_id", "external_id"),
            postgresql_where=text_("source_id is not null"),
        ),
        Index("ix_feedback_thread_id", "account_id", "thread_id", postgresql_where=text_("thread_id is not null")),
    )

    version: Mapped[int]
    kind: Mapped[str]
    channel: Mapped[str]
    source: Mapped[str]
    survey_id: Mapped[UUID | None]
    survey_name: Mapped[str | None]
    response_id: Mapped[UUID | None]
    customer_id: Mapped[UUID | None]
    ticket_id: Mapped[UUID | None]
    scheme: Mapped[str | None]
    score: Mapped[int | None] = mapped_column(SmallInteger)
    minimum: Mapped[int | None] = mapped_column(SmallInteger)
    maximum: Mapped[int | None] = mapped_column(SmallInteger)
    reversed: Mapped[bool]
    normalised: Mapped[int | None] = mapped_column(SmallInteger)
    band: Mapped[str | None]
    text: Mapped[str | None]
    language: Mapped[str | None]
    sentiment_label: Mapped[str | None]
    sentiment_score: Mapped[float | None] = mapped_column(Float)
    sentiment_method: Mapped[str | None]
    topics: Mapped[list[Any]] = mapped_column(JSONB)
    touchpoint: Mapped[str | None]
    journey_stage: Mapped[str | None]
    dimensions: Mapped[dict[str, str]] = mapped_column(JSONB)
    completed: Mapped[bool]
    told: Mapped[bool]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    origin_customer_id: Mapped[UUID | None]
    # Of every scored question, as they travel; the columns above repeat the leading one.
    ratings: Mapped[list[Any]] = mapped_column(JSONB)
    # Of the response that it was made from; a higher one replaces what it says.
    revision: Mapped[int] = mapped_column(server_default=text_("1"))
    anonymous: Mapped[bool] = mapped_column(server_default=text_("false"))
    screened_out: Mapped[bool] = mapped_column(server_default=text_("false"))
    suspicious: Mapped[list[Any]] = mapped_column(JSONB, server_default=text_("'[]'"))
    sentiment_evidence: Mapped[list[Any]] = mapped_column(JSONB, server_default=text_("'[]'"))
    sentiment_model: Mapped[str | None]
    urgency_label: Mapped[str | None]
    urgency_evidence: Mapped[list[Any]] = mapped_column(JSONB, server_default=text_("'[]'"))
    # Of what came from a connected source: what it is called there, which edit it is, and what only reviews, mails
    # and chats have. `removed_at`: it is no longer there.
    source_id: Mapped[UUID | None]
    external_id: Mapped[str | None]
    external_version: Mapped[str | None]
    title: Mapped[str | None]
    url: Mapped[str | None]
    author_name: Mapped[str | None]
    verified: Mapped[bool | None]
    product_ref: Mapped[str | None]
    order_ref: Mapped[str | None]
    location_ref: Mapped[str | None]
    thread_id: Mapped[UUID | None]
    automatic: Mapped[str | None]
    removed_at: Mapped[datetime | None]
    # The words pull both ways, or against the rating.
    sentiment_mixed: Mapped[bool] = mapped_column(server_default=text_("false"))
    # When the version that is shown came to be, there.
    version_at: Mapped[datetime | None]
    # What its author gave at first, if they have changed it since; as it travels.
    first_rating: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
