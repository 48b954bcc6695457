"""Customer records and what they are recognised by."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.contracts.customers import Channel
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified

# Compared byte by byte, so that a prefix is a range of the index. LIKE would not do: row-level security keeps operators
# that might leak other accounts' values away from indexes.
Bytewise = Text(collation="C")


class Customer(AccountOwned, Identified, Base):
    """A deleted customer stays as an empty row, so that late events about it find nobody to talk of.

    One who was merged into another stays as they were, to be restored if the merge is taken back.
    """

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
    merged_into_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_customers_account_id_id", "account_id", "id"),
        Index("ix_customers_account_id_external_id", "account_id", "external_id"),
        Index("ix_customers_account_id_email", "account_id", "email"),
        Index("ix_customers_account_id_name_key", "account_id", "name_key"),
        Index(
            "ix_customers_account_id_company_id",
            "account_id",
            "company_id",
            "id",
            postgresql_where=text("company_id is not null"),
        ),
        Index(
            "ix_customers_merged_into_id",
            "account_id",
            "merged_into_id",
            postgresql_where=text("merged_into_id is not null"),
        ),
    )

    @classmethod
    def is_present(cls) -> Any:
        """The condition that leaves out who was deleted, and who is now part of another record."""
        return cls.deleted_at.is_(None) & cls.merged_into_id.is_(None)


class CustomerIdentity(AccountOwned, Identified, Base):
    """A sign by which a customer is recognised. `value` is normalised; a strong one leads to one customer only.

    It follows merges: `origin_customer_id` is the merged record that it came with, if it did.
    """

    __tablename__ = "identities"

    kind: Mapped[str] = mapped_column(Text)
    value: Mapped[str] = mapped_column(Bytewise)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey(Customer.id))
    origin_customer_id: Mapped[UUID | None]
    verified: Mapped[bool]
    source: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_identities_account_id_kind_value", "account_id", "kind", "value"),
        Index(
            "uq_identities_unique",
            "account_id",
            "kind",
            "value",
            unique=True,
            postgresql_where=text("kind in ('external_id', 'email', 'phone')"),
        ),
        Index("ix_identities_account_id_customer_id", "account_id", "customer_id"),
        origin_index("identities", "origin_customer_id"),
    )


class Merge(AccountOwned, Identified, Base):
    """`merged_customer_id` became part of `customer_id`, which took over `taken`: values of fields it did not have.

    What is told under the merged record's identities since is in `taken` too, and what it took the place of in
    `replaced`.
    """

    __tablename__ = "merges"

    customer_id: Mapped[UUID]
    merged_customer_id: Mapped[UUID]
    automatic: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(Text)
    taken: Mapped[dict[str, Any]] = mapped_column(JSONB)
    replaced: Mapped[dict[str, Any]] = mapped_column(JSONB)
    merged_at: Mapped[datetime]
    merged_by: Mapped[str] = mapped_column(Text)
    unmerged_at: Mapped[datetime | None]
    unmerged_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_merges_account_id_customer_id", "account_id", "customer_id"),
        Index("ix_merges_account_id_merged_customer_id", "account_id", "merged_customer_id"),
    )


class MergeSuggestion(AccountOwned, Identified, Base):
    """Two records that may be one person: `first_id` is the lower id of the two. `score` is 0 to 100."""

    __tablename__ = "merge_suggestions"

    first_id: Mapped[UUID]
    second_id: Mapped[UUID]
    signs: Mapped[list[str]] = mapped_column(JSONB)
    conflicts: Mapped[list[str]] = mapped_column(JSONB)
    score: Mapped[int]
    state: Mapped[str] = mapped_column(Text)
    merge_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("uq_merge_suggestions_account_id", "account_id", "first_id", "second_id", unique=True),
        Index("ix_merge_suggestions_account_id_state_score", "account_id", "state", "score", "id"),
        Index("ix_merge_suggestions_account_id_second_id", "account_id", "second_id"),
    )
