"""Fields that an account adds to its tickets."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from services.tickets.fields.values import Kind
from shared.db.base import AccountOwned, Identified


class TicketField(AccountOwned, Identified, Base):
    """`key` is what values are kept under, in `tickets.fields`. `choices` are `{value, label}`, if the kind has any. A
    ticket does not get into one of the states `required_in` without a value."""

    __tablename__ = "ticket_fields"
    __table_args__ = (
        Index("uq_ticket_fields_key", "account_id", "key", unique=True),
        Index("ix_ticket_fields_position", "account_id", "position", "id"),
    )

    key: Mapped[str] = mapped_column(Text)
    kind: Mapped[Kind] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    required_in: Mapped[list[str]] = mapped_column(ARRAY(Text))
    position: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
