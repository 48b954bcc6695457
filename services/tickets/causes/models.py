"""The local copy of the account's topics, which are what causes are named by."""

from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned


class Topics(AccountOwned, Base):
    """`topics` are `TaxonomyTopic`s; `version` is that of the event that told us."""

    __tablename__ = "topics"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    topics: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
