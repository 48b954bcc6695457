"""Files that go with what is said in a ticket. The bytes lie in a `FileStore`; a row says what they are."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.conversation.models import Message
from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Attachment(AccountOwned, Identified, Base):
    """Of a message, or of none yet. `size` in bytes; `media_type` is what its bytes say it is."""

    __tablename__ = "message_attachments"
    __table_args__ = (
        Index("ix_message_attachments_ticket_id", "account_id", "ticket_id", "id"),
        Index("ix_message_attachments_message_id", "account_id", "message_id", "id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id))
    message_id: Mapped[UUID | None] = mapped_column(ForeignKey(Message.id))
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    author: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
