"""The local copy of segments: what they are called, and who belongs to them."""

from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class Segment(AccountOwned, Base):
    """A deleted segment leaves its row, so that late news of its members means nothing."""

    __tablename__ = "segments"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    is_deleted: Mapped[bool]


class SegmentMember(AccountOwned, Base):
    """Who left keeps a row with the version that said so: an older entering may still be on its way."""

    __tablename__ = "segment_members"
    __table_args__ = (
        Index("ix_segment_members_customer_id", "account_id", "customer_id", postgresql_where=text("is_member")),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    segment_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    is_member: Mapped[bool]
