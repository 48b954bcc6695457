"""What it takes to know which conversation a mail belongs to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class HeardMail(AccountOwned, Base):
    """A mail that was heard. `answers` is the Message-ID of the mail that it answers; `people` are its author and who
    had it too, if it could be answered: they take part in the conversation."""

    __tablename__ = "mails"
    __table_args__ = (
        Index("ix_mails_message_id", "account_id", "message_id"),
        Index("ix_mails_answers", "account_id", "answers"),
        Index("ix_mails_thread_id", "account_id", "thread_id"),
        Index("ix_mails_sender", "account_id", "sender", "occurred_at"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    feedback_id: Mapped[UUID] = mapped_column(primary_key=True)
    thread_id: Mapped[UUID]
    message_id: Mapped[str]
    answers: Mapped[str | None]
    sender: Mapped[str]
    people: Mapped[list[str]] = mapped_column(ARRAY(Text))
    occurred_at: Mapped[datetime]


class MailTicket(AccountOwned, Base):
    """A ticket, by the number that subjects name it with, and the conversation that it is about, if it began as one."""

    __tablename__ = "mail_tickets"
    __table_args__ = (
        Index("uq_mail_tickets_number", "account_id", "number", unique=True),
        Index("ix_mail_tickets_thread_id", "account_id", "thread_id", "number"),
        Index("ix_mail_tickets_customer_id", "account_id", "customer_id"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)
    customer_id: Mapped[UUID | None]
    thread_id: Mapped[UUID | None]
