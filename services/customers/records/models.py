"""Customer records and what they are recognised by."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.contracts.customers import Channel
from shared.db.base import AccountOwned, Identified

# Compared byte by byte, so that a prefix is a range of the index. LIKE would not do: row-level security keeps operators
# that might leak other accounts' values away from indexes.
Bytewise = Text(collation="C")


class Customer(AccountOwned, Identified, Base):
    """A deleted customer stays as an empty row, so that late events about it find nobody to talk of."""

    __tablename__ = "customers"

    external_id: Mapped[str | None] = mapped_column(Bytewise)
    email: Mapped[str | None] = mapped_column(Bytewise)
    phone: Mapped[str | None] = mapped_column(Bytewise)
    name: Mapped[str | None] = mapped_column(Text)
    name_key: Mapped[str | None] = mapped_column(Bytewise)
    locale: Mapped[str | None] = mapped_column(Text)
    timezone: Mapped[str | None] = mapped_column(Text)
    company: Mapped[str | None] = mapped_column(Text)
    company_id: Mapped[UUID | None]
    preferred_channel: Mapped[Channel | None] = mapped_column(Text)
    restricted: Mapped[bool]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_customers_account_id_id", "account_id", "id"),
        Index("ix_customers_account_id_external_id", "account_id", "external_id"),
        Index("ix_customers_account_id_email", "account_id", "email"),
        Index("ix_customers_account_id_name_key", "account_id", "name_key"),
    )


class CustomerIdentity(AccountOwned, Base):
    """One way to recognise a customer; within an account it leads to one customer only. `value` is normalised."""

    __tablename__ = "identities"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Bytewise, primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey(Customer.id))
    created_at: Mapped[datetime]

    __table_args__ = (Index("ix_identities_account_id_customer_id", "account_id", "customer_id"),)
