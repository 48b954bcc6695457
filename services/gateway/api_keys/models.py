from datetime import datetime

from sqlalchemy import ARRAY, Index, LargeBinary, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.gateway.db import Base
from shared.db.base import AccountOwned, Identified


class APIKey(Identified, AccountOwned, Base):
    """`hint` is how the key begins, so that people can tell theirs apart; a secret key is kept as a hash only.

    A publishable one is no secret: `public_key`, for the pages of `origins`.
    """

    __tablename__ = "api_keys"
    __table_args__ = (Index("ix_api_keys_account_id_id", "account_id", "id"),)

    name: Mapped[str]
    hint: Mapped[str]
    # SHA-256 without salt or stretching is enough for 256 random bits, and lets the key be found by its hash.
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    kind: Mapped[str] = mapped_column(Text, server_default=text("'secret'"))
    public_key: Mapped[str | None] = mapped_column(Text)
    origins: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
