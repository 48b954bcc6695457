from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.db import Base
from shared.db.base import AccountOwned, Identified


class User(Identified, AccountOwned, Base):
    """A person who works in the account. Removed ones stay, so that the audit trail still knows their names."""

    __tablename__ = "users"
    __table_args__ = (
        # The target of foreign keys that cannot point into another account.
        UniqueConstraint("account_id", "id"),
        Index("uq_users_email", "account_id", "email", unique=True, postgresql_where=text("removed_at is null")),
        # Signing in knows the address and not the account.
        Index("ix_users_email", "email", postgresql_where=text("removed_at is null")),
    )

    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]
