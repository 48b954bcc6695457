from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.db import Base
from shared.db.base import AccountOwned, Identified


class Session(Identified, AccountOwned, Base):
    """A person who is signed in. The row goes when the session ends; the audit trail keeps that it was."""

    __tablename__ = "sessions"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "user_id"], ["gateway.users.account_id", "gateway.users.id"]),
    )

    user_id: Mapped[UUID] = mapped_column(index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class SignInAttempts(Base):
    """Counted before the account is known, so not under row-level security; it holds keyed hashes and no names."""

    __tablename__ = "sign_in_attempts"

    bucket: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    minute: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, index=True)
    attempts: Mapped[int]
