"""How far the account has come with one customer's feedback."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.contracts.tickets import LoopStage
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class Loop(AccountOwned, Base):
    """`before` and `after` are ratings from 0 to 100. The times are those of the present `round`: reopening starts the
    next one."""

    __tablename__ = "loops"

    ticket_id: Mapped[UUID] = mapped_column(ForeignKey(Ticket.id), primary_key=True)
    feedback_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    stage: Mapped[LoopStage] = mapped_column(Text)
    round: Mapped[int]
    before: Mapped[int | None]
    after: Mapped[int | None]
    needs_follow_up_at: Mapped[datetime]
    contacted_at: Mapped[datetime | None]
    fixed_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    re_measured_at: Mapped[datetime | None]
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_loops_account_id_ticket_id", "account_id", "ticket_id"),
        Index(
            "ix_loops_account_id_customer_id",
            "account_id",
            "customer_id",
            postgresql_where=text("customer_id is not null"),
        ),
        Index("ix_loops_account_id_feedback_id", "account_id", "feedback_id"),
        origin_index("loops", "origin_customer_id"),
    )
