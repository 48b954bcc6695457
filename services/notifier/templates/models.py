"""The account's own texts."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned, Identified


class Template(Identified, AccountOwned, Base):
    """One text in one language, for mail and for SMS. `html` is the compiled `mjml`, still with its variables."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("account_id", "key", "locale"),)

    key: Mapped[str]
    locale: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    sms: Mapped[str]
    mjml: Mapped[str]
    html: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime]
