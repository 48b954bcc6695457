"""What an account calls the states of its tickets."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.contracts.tickets import TicketState
from shared.db.base import AccountOwned, Identified


class Status(AccountOwned, Identified, Base):
    """A name for a type of state. A ticket without a status has the default one of its type, if there is one."""

    __tablename__ = "ticket_statuses"

    name: Mapped[str] = mapped_column(Text)
    state: Mapped[TicketState] = mapped_column(Text)
    position: Mapped[int]
    is_default: Mapped[bool]
    customer_may_reopen: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_ticket_statuses_name", "account_id", text("lower(name)"), unique=True),
        Index("uq_ticket_statuses_default", "account_id", "state", unique=True, postgresql_where=text("is_default")),
        Index("ix_ticket_statuses_position", "account_id", "position", "id"),
    )
