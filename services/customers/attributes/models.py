"""What an account says its customers' attributes are."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.base import AccountOwned, Identified


class AttributeDefinition(AccountOwned, Identified, Base):
    """`choices` is empty unless `kind` is `choice`; each is `{value, label}`."""

    __tablename__ = "attribute_definitions"

    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    choices: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("uq_attribute_definitions_account_id_name", "account_id", "name", unique=True),)
