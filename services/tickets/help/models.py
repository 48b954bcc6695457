"""How an account's help pages look."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned


class HelpCentre(AccountOwned, Base):
    """One for an account, once it has changed something. `intro`: by language."""

    __tablename__ = "help_centres"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    is_open: Mapped[bool]
    intro: Mapped[dict[str, str]] = mapped_column(JSONB)
    accent: Mapped[str] = mapped_column(Text)
    accent_dark: Mapped[str | None] = mapped_column(Text)
    contact_url: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime]
