"""Who is at a ticket right now."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.db.base import AccountOwned

Activity = Literal["viewing", "writing"]


class Presence(AccountOwned, Base):
    """Somebody who said a moment ago that they look at the ticket, or write an answer; past `until` they are gone."""

    __tablename__ = "presences"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    actor: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    activity: Mapped[Activity] = mapped_column(Text)
    until: Mapped[datetime]
