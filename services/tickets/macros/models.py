"""What somebody does to many tickets, kept under a name."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Macro(AccountOwned, Identified, Base):
    """`owner` made it; everybody sees and changes it if it is `shared`. `actions` are a `schemas.Actions`."""

    __tablename__ = "macros"
    __table_args__ = (Index("ix_macros_position", "account_id", "position", "id"),)

    name: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool]
    actions: Mapped[dict[str, Any]] = mapped_column(JSONB)
    position: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
