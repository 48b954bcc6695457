"""The topics of those accounts that changed them. An absent row means the default."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned


class StoredTaxonomy(AccountOwned, Base):
    """`document` is a `TaxonomyDefinition`; null after it was set back to the default, so that versions only grow."""

    __tablename__ = "taxonomies"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    document: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    updated_at: Mapped[datetime]
