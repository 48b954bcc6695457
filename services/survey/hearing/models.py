"""Every version of everything that was heard from a source."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified

# What stands for an external id once its person is erased, as `versions.digest_of` makes it.
DIGEST = "'sha256:' || encode(sha256(convert_to(row.external_id, 'UTF8')), 'hex')"


class HeardItem(Identified, AccountOwned, Base):
    """One version of an item, as `canonical` has it (`content`). Edits are further rows, replays none.

    `removal`: the sender says that it is gone. `version_at` is when this version came to be, by which versions are
    ordered; `heard_at` when it reached us. `feedback_id` if it is feedback; `delivery_id` names the raw delivery it was
    read from, if one is kept, and `corrections` how often this was read anew with another outcome.
    Of an erased person `content` is null and `external_id` a digest, so that what comes again is not heard again.
    """

    __tablename__ = "heard_items"
    __table_args__ = (
        Index(
            "uq_heard_items_version",
            *("account_id", "source_id", "what", "external_id", "external_version", "removal"),
            unique=True,
        ),
        Index("ix_heard_items_feedback_id", "account_id", "feedback_id"),
        Index("ix_heard_items_delivery_id", "account_id", "delivery_id"),
    )

    source_id: Mapped[UUID]
    what: Mapped[str]
    external_id: Mapped[str]
    external_version: Mapped[str]
    removal: Mapped[bool]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    feedback_id: Mapped[UUID | None]
    delivery_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    version_at: Mapped[datetime]
    heard_at: Mapped[datetime]
    corrections: Mapped[int] = mapped_column(server_default=text("0"))
