"""The local copy of the customers: only what it takes to write to them."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned


class Contact(AccountOwned, Base):
    """`version` is the customer's, so that an older event never overwrites a newer one. Nobody writes to customers who
    are `restricted`; those who are `forgotten` were deleted, and nothing is left of them but this."""

    __tablename__ = "contacts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    name: Mapped[str | None]
    locale: Mapped[str | None]
    timezone: Mapped[str | None]
    restricted: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    forgotten: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
