"""When an account's sums were last compared with what they add up, and how many were wrong."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class Verification(AccountOwned, Base):
    """`cells` of the rollups, and `tickets`."""

    __tablename__ = "verifications"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    verified_at: Mapped[datetime]
    cells: Mapped[int]
    tickets: Mapped[int]
