"""What it takes to answer a mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned


class MailThread(AccountOwned, Base):
    """A conversation by mail as it stands. `address` is where an answer goes, null if nobody is to be trusted with one;
    `mailbox` is the account's own address there. `message_id` is the mail that would be answered, `references` those
    before it, the oldest first."""

    __tablename__ = "mail_threads"
    __table_args__ = (Index("ix_mail_threads_address", "account_id", "address"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID] = mapped_column(primary_key=True)
    address: Mapped[str | None]
    copies: Mapped[list[str]] = mapped_column(ARRAY(Text))
    mailbox: Mapped[str | None]
    subject: Mapped[str | None]
    message_id: Mapped[str]
    references: Mapped[list[str]] = mapped_column("reference_ids", ARRAY(Text))
    occurred_at: Mapped[datetime]
    trusted_at: Mapped[datetime | None]
