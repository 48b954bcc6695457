"""The local copy of what the survey service calls its surveys."""

from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from services.metrics.db import Base
from shared.db.base import AccountOwned


class Survey(AccountOwned, Base):
    """`kind` tells which metric an answer without a rating is missing from."""

    __tablename__ = "surveys"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    survey_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
