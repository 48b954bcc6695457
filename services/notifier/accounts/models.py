"""What the notifier knows of an account."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned


class Account(AccountOwned, Base):
    """The name stands in messages, locale and time zone are for customers of whom no others are known.
    `version` is the account's, so that an older event never overwrites a newer one. `uses_whatsapp`: somebody has
    written to it there."""

    __tablename__ = "accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    locale: Mapped[str]
    timezone: Mapped[str]
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    rules_paused: Mapped[bool] = mapped_column(default=False)
    uses_whatsapp: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
