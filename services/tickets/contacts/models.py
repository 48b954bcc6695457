"""The local copy of what tickets show of a customer, and of what they are routed by."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned

# The facts of whom nothing is known.
NOTHING: Final[dict[str, Any]] = {"locale": None, "company": None, "attributes": {}}


class Contact(AccountOwned, Base):
    """`version` is that of the event that told us. A deleted customer leaves an empty row, so that a late event
    does not bring them back."""

    __tablename__ = "contacts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
    # As the account itself calls them.
    external_id: Mapped[str | None] = mapped_column(Text)
    # What routing rules see of them besides: `locale`, `company` and `attributes`.
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int]

    __table_args__ = (
        Index("ix_contacts_account_id_external_id", "account_id", "external_id",
              postgresql_where=text("external_id is not null")),
    )  # fmt: skip
