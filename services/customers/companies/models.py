"""Companies that customers belong to."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from services.customers.records.models import Bytewise
from shared.db.base import AccountOwned, Identified


class Company(AccountOwned, Identified, Base):
    """`name_key` is the name without upper and lower case: by it a company is found again. `domain` in lower case."""

    __tablename__ = "companies"

    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Bytewise)
    domain: Mapped[str | None] = mapped_column(Bytewise)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_companies_account_id_name_key", "account_id", "name_key", unique=True),
        Index(
            "uq_companies_account_id_domain",
            "account_id",
            "domain",
            unique=True,
            postgresql_where=text("domain is not null"),
        ),
    )
