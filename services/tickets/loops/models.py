"""How far the account has come with one customer's feedback."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.cases.models import Ticket
from services.tickets.db import Base
from shared.contracts.tickets import LoopStage
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned

# By the link in their mail, by an answer to a survey or a changed review, or as a colleague heard it.
ConfirmedBy = Literal["link", "answer", "colleague"]


class Loop(AccountOwned, Base):
    """`before` and `after` are ratings from 0 to 100. The times are those of the present `round`: reopening starts the
    next one. `due_at`: by when the stage is to be left, set a moment after it was reached; `overdue_at`: when it was
    told that it was not."""

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
    due_at: Mapped[datetime | None]
    overdue_at: Mapped[datetime | None]
    confirmed_by: Mapped[ConfirmedBy | None] = mapped_column(Text)
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_loops_account_id_due_at", "account_id", "due_at", postgresql_where=text("due_at is not null")),
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


class LoopPolicy(AccountOwned, Base):
    """`allowances` are seconds for each stage, null where nobody is late; `required` are fields of a ticket. An absent
    row means the default."""

    __tablename__ = "loop_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    required: Mapped[list[str]] = mapped_column(ARRAY(Text))
    allowances: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime | None]
