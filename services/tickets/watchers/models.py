"""Who wants to know what becomes of a ticket."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.db.base import AccountOwned

Because = Literal["asked", "mentioned"]


class Watcher(AccountOwned, Base):
    __tablename__ = "watchers"
    __table_args__ = (Index("ix_watchers_user_id", "account_id", "user_id", "ticket_id"),)

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    because: Mapped[Because] = mapped_column(Text)
    since: Mapped[datetime]
