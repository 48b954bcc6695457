"""Whether people are kept to their teams."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned

OtherTeams = Literal["open", "read_only", "hidden"]


class AccessPolicy(AccountOwned, Base):
    """Where there is none, everybody who may see tickets sees all of them."""

    __tablename__ = "access_policies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    other_teams: Mapped[OtherTeams] = mapped_column(Text)
    version: Mapped[int]
    updated_at: Mapped[datetime]
