"""Images that businesses put on their pages. The bytes lie in a `FileStore`; a row says whose they are and what."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Logo(Identified, AccountOwned, Base):
    """Never changed: another image is another logo. `size` is in bytes."""

    __tablename__ = "logos"
    __table_args__ = (Index("ix_logos_account_id_created_at", "account_id", "created_at", "id"),)

    media_type: Mapped[str]
    size: Mapped[int]
    created_at: Mapped[datetime]
