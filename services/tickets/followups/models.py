"""What becomes of what customers write after the work was done."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned


class FollowUpPolicy(AccountOwned, Base):
    """`scope_id` is a team, or the account itself. Without one a ticket is opened again by whoever had it."""

    __tablename__ = "follow_up_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    new_ticket_after_days: Mapped[int | None]
    keep_assignee: Mapped[bool]
    version: Mapped[int]
    updated_at: Mapped[datetime]
