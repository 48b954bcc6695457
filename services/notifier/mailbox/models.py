"""The built-in mailbox: where mail ends up while there is no mail server."""

from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import Identified


class MailboxMail(Identified, Base):
    """What a mail server would know: envelope and content. It stands outside the accounts, as a mail server does."""

    __tablename__ = "mailbox"
    __table_args__ = (Index("uq_mailbox_message_id", "message_id", unique=True),)

    message_id: Mapped[str]
    sender: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
