"""How fast an account wants to answer and to resolve."""

from datetime import datetime

from sqlalchemy import Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified


class Policy(AccountOwned, Identified, Base):
    """`targets` maps each priority to its `first_response_seconds` and `resolution_seconds`."""

    __tablename__ = "sla_policies"

    name: Mapped[str] = mapped_column(Text)
    is_default: Mapped[bool]
    targets: Mapped[dict[str, dict[str, int]]] = mapped_column(JSONB)
    version: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("uq_sla_policies_default", "account_id", unique=True, postgresql_where=text("is_default")),
        Index("ix_sla_policies_account_id_id", "account_id", "id"),
    )
