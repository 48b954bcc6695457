"""What the notifier knows of an account."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned


class Account(AccountOwned, Base):
    """The name stands in messages, locale and time zone are for customers of whom no others are known."""

    __tablename__ = "accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    locale: Mapped[str]
    timezone: Mapped[str]
    rules_paused: Mapped[bool] = mapped_column(default=False)
