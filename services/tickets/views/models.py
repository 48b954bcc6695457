"""Lists of tickets that somebody gave a name."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from services.tickets.listing.sorting import Sort
from shared.db.base import AccountOwned, Identified


class View(AccountOwned, Identified, Base):
    """`owner` made it; everybody sees it if it is `shared`. `columns` is for whoever draws it."""

    __tablename__ = "ticket_views"
    __table_args__ = (Index("ix_ticket_views_position", "account_id", "position", "id"),)

    name: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)
    shared: Mapped[bool]
    filters: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sort: Mapped[Sort] = mapped_column(Text)
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    position: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
