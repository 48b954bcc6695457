"""What the survey service knows of an account: how it is called before its customers."""

from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class Account(AccountOwned, Base):
    """`version` is that of the event that told us."""

    __tablename__ = "accounts"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
