"""Segments, who belongs to them, when that is to be looked at again, and what customers said."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Index, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified

State = Literal["building", "ready"]
SegmentKind = Literal["dynamic", "static"]


class Segment(Identified, AccountOwned, Base):
    """`condition` is null for a static one, whose members are listed by hand.

    `concerns` are the facts it depends on, as in `concerns.py`, `segment_ids` the segments it names. While it is
    `building`, customers up to `built_after` have been looked at, `built` of `to_build`. `members_version` is that of
    the events about its members. `review_at` is when the earliest review is due, null if none is.
    """

    __tablename__ = "segments"
    __table_args__ = (Index("uq_segments_name", "account_id", "name_key", unique=True),)

    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[SegmentKind] = mapped_column(Text)
    condition: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    concerns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    segment_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    persona: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[State] = mapped_column(Text)
    built_after: Mapped[UUID | None]
    built: Mapped[int]
    to_build: Mapped[int]
    members: Mapped[int]
    members_version: Mapped[int]
    review_at: Mapped[datetime | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SegmentMember(AccountOwned, Base):
    """A customer who belongs to a segment, since when."""

    __tablename__ = "segment_members"
    __table_args__ = (Index("ix_segment_members_customer", "account_id", "customer_id"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    entered_at: Mapped[datetime]


class ListedCustomer(Identified, AccountOwned, Base):
    """A customer whom somebody put on a static segment's list; follows merges, so one may be there twice."""

    __tablename__ = "segment_lists"
    __table_args__ = (
        Index("ix_segment_lists_customer", "account_id", "segment_id", "customer_id"),
        origin_index("segment_lists", "origin_customer_id"),
    )

    segment_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    origin_customer_id: Mapped[UUID | None]
    listed_at: Mapped[datetime]


class Review(AccountOwned, Base):
    """When time alone may bring the customer in or out: something leaves a window, or a last one gets too old.

    `planned_for` is the segment once more, for the index of what is due. One that began with `segment_id` would be
    taken for finding one customer's review too, whenever the planner underestimates how many a segment has.
    """

    __tablename__ = "segment_reviews"
    __table_args__ = (Index("ix_segment_reviews_due", "planned_for", "due_at"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    planned_for: Mapped[UUID]
    due_at: Mapped[datetime]


class FeedbackFact(AccountOwned, Base):
    """A score that a customer gave, by the key of its question; feedback without any has one row, with no scheme.

    `is_leading`: the first of its feedback, for counting feedback and not scores. `version` is the feedback's. What
    was taken back stays as a row of nobody, so that it does not come again.
    """

    __tablename__ = "segment_feedback"
    __table_args__ = (
        Index("ix_segment_feedback_customer", "account_id", "customer_id", "occurred_at"),
        origin_index("segment_feedback", "origin_customer_id"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[UUID | None]
    origin_customer_id: Mapped[UUID | None]
    is_leading: Mapped[bool]
    scheme: Mapped[str | None] = mapped_column(Text)
    value: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    band: Mapped[str | None] = mapped_column(Text)
    sentiment: Mapped[str | None] = mapped_column(Text)
    survey_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    version: Mapped[int]
