"""How tickets belong together."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.db.base import AccountOwned

Kind = Literal["related", "child", "duplicate", "split", "follow_up"]


class Link(AccountOwned, Base):
    """`ticket_id` is the child, the duplicate, or what was split off `other_id`; of two related ones, that of the
    smaller id. There is one link at most between two tickets."""

    __tablename__ = "ticket_links"
    __table_args__ = (Index("ix_ticket_links_other_id", "account_id", "other_id", "ticket_id"),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    other_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    kind: Mapped[Kind] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
