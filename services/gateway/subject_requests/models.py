"""Requests of people about their data, and how far each service has come with them. They name ids, never a person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from services.gateway.db import Base
from shared.contracts.subjects import ErasureMode, SubjectRight, SubjectStage
from shared.db.base import AccountOwned, Identified


class SubjectRequest(AccountOwned, Identified, Base):
    """`state` is `open`, `done` or `refused`. `customer_ids` are all ids of the person, once `locate` is over."""

    __tablename__ = "subject_requests"
    __table_args__ = (
        Index("ix_subject_requests_account_id_id", "account_id", "id"),
        Index("ix_subject_requests_account_id_customer_id", "account_id", "customer_id"),
    )

    kind: Mapped[SubjectRight] = mapped_column(Text)
    mode: Mapped[ErasureMode | None] = mapped_column(Text)
    customer_id: Mapped[UUID]
    customer_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    customer_version: Mapped[int | None]
    state: Mapped[str] = mapped_column(Text)
    stage: Mapped[SubjectStage] = mapped_column(Text)
    attempt: Mapped[int]
    reason: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(Text)
    requested_at: Mapped[datetime]
    due_at: Mapped[datetime]
    export_expires_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    receipt: Mapped[str | None] = mapped_column(Text)


class SubjectRequestPart(AccountOwned, Base):
    """What one service is to do in one stage; `done_at` is null while it has not answered."""

    __tablename__ = "subject_request_parts"

    request_id: Mapped[UUID] = mapped_column(ForeignKey(SubjectRequest.id), primary_key=True)
    stage: Mapped[SubjectStage] = mapped_column(Text, primary_key=True)
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    done_at: Mapped[datetime | None]
    records: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    digest: Mapped[str | None] = mapped_column(Text)
