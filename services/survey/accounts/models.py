"""What the survey service knows of an account: how it is called before its customers, and its zone."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class Account(AccountOwned, Base):
    """`version` is that of the event that told us."""

    __tablename__ = "accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    # An IANA name; None for an account that was heard of before zones were kept.
    timezone: Mapped[str | None]
    version: Mapped[int]
