"""What was said about a ticket."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Message(AccountOwned, Identified, Base):
    """`internal`: a note among colleagues, which never leaves this table but through its own list. `feedback_id`: what
    the customer wrote, as the survey service has it; `automatic` if no person wrote it."""

    __tablename__ = "messages"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id))
    internal: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    feedback_id: Mapped[UUID | None]
    automatic: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_messages_account_id_ticket_id", "account_id", "ticket_id", "id"),)
