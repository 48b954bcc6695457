"""The columns of a language model of somebody else's, one for an account in each service that asks it something."""

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import AccountOwned, Identified


class ExternalModelRow(Identified, AccountOwned):
    """`api_key` is sealed, bound to `id`. What was used counts for `month` (such as 2026-03); `failures` in a row;
    `note`: why it was switched off."""

    version: Mapped[int]
    enabled: Mapped[bool]
    base_url: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    api_key: Mapped[bytes | None]
    monthly_calls: Mapped[int]
    monthly_characters: Mapped[int]
    month: Mapped[str] = mapped_column(Text)
    calls_used: Mapped[int]
    characters_used: Mapped[int]
    failures: Mapped[int]
    note: Mapped[str | None] = mapped_column(Text)
    updated_by: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
