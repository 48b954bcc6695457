"""The local copy of who works in the account."""

from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned

# Roles whose people work on tickets; the others only look.
ASSIGNABLE_ROLES = ("owner", "admin", "agent")


class Person(AccountOwned, Base):
    """`version` is that of the event that told us. Who is gone stays as an inactive row, so that a late event about
    them does not bring them back."""

    __tablename__ = "people"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    active: Mapped[bool]
    version: Mapped[int]
