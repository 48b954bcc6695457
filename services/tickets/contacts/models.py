"""The local copy of what tickets show of a customer."""

from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned


class Contact(AccountOwned, Base):
    """`version` is that of the event that told us. A deleted customer leaves a row without a name, so that a late event
    does not bring the name back."""

    __tablename__ = "contacts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int]
