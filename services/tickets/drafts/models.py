"""Answers that colleagues write together."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.db.base import AccountOwned


class Draft(AccountOwned, Base):
    """The one answer to a ticket that is being written; empty once it is sent. `author` wrote last."""

    __tablename__ = "drafts"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    updated_at: Mapped[datetime]
