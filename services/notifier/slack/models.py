"""Where rules write to colleagues, and what waits to be written there."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from shared.db.base import AccountOwned, Identified


class SlackChannel(Identified, AccountOwned, Base):
    """An incoming webhook. Its `url` is all that is needed to write there, so it is stored sealed and never shown.

    `trouble` is what Slack answered when it last refused for good; from then on the channel is switched off.
    """

    __tablename__ = "slack_channels"
    __table_args__ = (Index("ix_slack_channels_account_id", "account_id", "id"),)

    name: Mapped[str]
    url: Mapped[bytes] = mapped_column(LargeBinary)
    enabled: Mapped[bool]
    trouble: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class SlackPost(Identified, AccountOwned, Base):
    """One message. `text` is there until it has left or never will. `state`: as of webhook deliveries."""

    __tablename__ = "slack_posts"
    __table_args__ = (
        Index("ix_slack_posts_channel_id", "account_id", "channel_id", "id"),
        Index("ix_slack_posts_customer_id", "account_id", "customer_id"),
    )

    channel_id: Mapped[UUID]
    customer_id: Mapped[UUID | None]
    text: Mapped[str | None]
    state: Mapped[str]
    attempts: Mapped[int]
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
