"""What customers are asked when their ticket is resolved."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from services.tickets.satisfaction.schemas import Kind
from shared.db.base import AccountOwned


class SatisfactionPolicy(AccountOwned, Base):
    """`scope_id` is a team, or the account itself. Where there is none, the rule that asks says what."""

    __tablename__ = "satisfaction_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    ask: Mapped[bool]
    kind: Mapped[Kind] = mapped_column(Text)
    survey_id: Mapped[UUID | None]
    delay_seconds: Mapped[int | None]
    version: Mapped[int]
    updated_at: Mapped[datetime]
