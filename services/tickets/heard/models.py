"""What customers wrote in conversations, until there is a ticket for it and after."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned


class Heard(AccountOwned, Base):
    """A message of a conversation. `ticket_id` is the ticket in whose conversation it stands, null while there is none;
    `message_id` is what it is called there, made when it was heard so that the order is that of hearing."""

    __tablename__ = "heard"
    __table_args__ = (Index("ix_heard_thread_id", "account_id", "thread_id"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID]
    ticket_id: Mapped[UUID | None]
    message_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    author_name: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    automatic: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime]
