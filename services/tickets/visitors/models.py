"""Publishable keys, as the gateway tells of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned


class VisitorKey(AccountOwned, Base):
    """`public_key` is null if only later news of the key have come so far."""

    __tablename__ = "visitor_keys"
    __table_args__ = (Index("ix_visitor_keys_public_key", "account_id", "public_key"),)

    api_key_id: Mapped[UUID] = mapped_column(primary_key=True)
    public_key: Mapped[str | None] = mapped_column(Text)
    origins: Mapped[list[Any]] = mapped_column(JSONB)
    expires_at: Mapped[datetime | None]
    version: Mapped[int]
    is_revoked: Mapped[bool]
