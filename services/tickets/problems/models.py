"""What lies behind many complaints, and which these are."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.contracts.problems import ProblemState
from shared.db.base import AccountOwned, Identified

LinkKind = Literal["ticket", "feedback"]


class Problem(AccountOwned, Identified, Base):
    """`cause` is a topic's key, as tickets have it in `root_cause`."""

    __tablename__ = "problems"
    __table_args__ = (Index("ix_problems_account_id_state", "account_id", "state", "id"),)

    title: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    cause: Mapped[str | None] = mapped_column(Text)
    state: Mapped[ProblemState] = mapped_column(Text)
    owner_id: Mapped[UUID | None]
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ProblemLink(AccountOwned, Base):
    """A ticket or a piece of feedback that comes from a problem. One may come from several."""

    __tablename__ = "problem_links"
    __table_args__ = (Index("ix_problem_links_target_id", "account_id", "target_id"),)

    problem_id: Mapped[UUID] = mapped_column(ForeignKey(Problem.id), primary_key=True)
    kind: Mapped[LinkKind] = mapped_column(Text, primary_key=True)
    target_id: Mapped[UUID] = mapped_column(primary_key=True)
    linked_at: Mapped[datetime]
    linked_by: Mapped[str] = mapped_column(Text)
