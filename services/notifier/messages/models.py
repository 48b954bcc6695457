"""What is said to customers, from the wish to say it to its end."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as text_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class Message(Identified, AccountOwned, Base):
    """`key` says what the message is about, so that the same thing is not said twice. Recipient, subject and text are
    settled at the first attempt and stay the same for all later ones. `basis` is on what ground it was or was not sent
    (GDPR, article 6), `consent_id` the customer's statement that decided, null if they never said anything."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        Index("ix_messages_created_at", "account_id", "created_at", "id"),
        Index("ix_messages_customer_id", "account_id", "customer_id", "created_at"),
        Index(
            "ix_messages_replied",
            *("account_id", "recipient", "sent_at"),
            postgresql_where=text_("template = 'acknowledgement'"),
        ),
        Index("ix_messages_thread_id", "account_id", "thread_id", postgresql_where=text_("thread_id is not null")),
        origin_index("messages", "origin_customer_id"),
    )

    key: Mapped[str]
    channel: Mapped[str]
    template: Mapped[str]
    purpose: Mapped[str]
    customer_id: Mapped[UUID | None]
    ticket_id: Mapped[UUID | None]
    invitation_id: Mapped[UUID | None]
    rule_id: Mapped[UUID | None]
    variables: Mapped[dict[str, Any]] = mapped_column(JSONB)
    locale: Mapped[str | None]
    state: Mapped[str]
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    recipient: Mapped[str | None]
    subject: Mapped[str | None]
    text: Mapped[str | None]
    html: Mapped[str | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    origin_customer_id: Mapped[UUID | None]
    basis: Mapped[str | None]
    consent_id: Mapped[UUID | None]
    # The conversation that it belongs to: it goes to whoever wrote there, whether or not that is a customer.
    thread_id: Mapped[UUID | None]
    # Of what improvement it tells whom, as the tickets service knows it.
    telling_id: Mapped[UUID | None]
