from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.db import Base


class Account(Base):
    """One business. Its id is the `account_id` that every row of every service carries."""

    __tablename__ = "accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    locale: Mapped[str]
    timezone: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime]
