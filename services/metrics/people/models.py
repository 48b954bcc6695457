"""Whom not to compute on."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned


class Person(AccountOwned, Base):
    """A customer under the id they are told of by; `customer_id` is whom that is today.

    `version` is that of the record that said whether they are `restricted`, 0 before any. The consent is their latest
    statement about `analytics`, if they made one. `exclusion` is what follows from all of it for the facts of the
    customer with this id: why they do not count, or null.
    """

    __tablename__ = "people"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID]
    version: Mapped[int]
    restricted: Mapped[bool]
    consent_id: Mapped[UUID | None]
    granted: Mapped[bool | None]
    basis: Mapped[str | None] = mapped_column(Text)
    effective_at: Mapped[datetime | None]
    exclusion: Mapped[str | None] = mapped_column(Text)
    origin_customer_id: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_people_account_id_customer_id", "account_id", "customer_id"),
        origin_index("people", "origin_customer_id"),
    )
