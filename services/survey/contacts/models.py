"""The local copy of customers: how they are named and reached, as the customers service last told it."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class Contact(AccountOwned, Base):
    """A deleted customer leaves a row without personal data, so that a late update does not bring them back.

    Whoever asks locks the row first: it serialises all that is sent to one person. `attributes` are by name.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        Index("ix_contacts_external_id", "account_id", "external_id"),
        Index("ix_contacts_email", "account_id", "email"),
        Index("ix_contacts_phone", "account_id", "phone"),
    )

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    external_id: Mapped[str | None]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    name: Mapped[str | None]
    locale: Mapped[str | None]
    is_deleted: Mapped[bool]
    timezone: Mapped[str | None]
    preferred_channel: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    restricted: Mapped[bool] = mapped_column(server_default=text("false"))
