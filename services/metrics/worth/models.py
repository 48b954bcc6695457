"""What an account says of its business: when a customer is one, and what is left of a sale."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class StoredWorthPolicy(AccountOwned, Base):
    """`document` is a `WorthPolicy`. Without a row its defaults hold."""

    __tablename__ = "worth_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]
