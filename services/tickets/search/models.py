"""What tickets are found by."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.db.base import AccountOwned


class TicketText(AccountOwned, Base):
    """The words of a ticket and of all that was said about it. The account is one of them, so that the index finds
    those of one account without looking at the others'."""

    __tablename__ = "ticket_texts"
    __table_args__ = (
        Index("ix_ticket_texts_words", "words", postgresql_using="gin"),
        Index("ix_ticket_texts_account_id_ticket_id", "account_id", "ticket_id"),
    )

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    words: Mapped[str] = mapped_column(TSVECTOR)
