"""Partners' endpoints, and what was delivered to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.notifier.db import Base
from services.notifier.webhooks.secrets import Signing
from shared.db.base import AccountOwned, Identified


class WebhookEndpoint(Identified, AccountOwned, Base):
    """Secrets are stored sealed (`webhooks.secrets`); after a rotation the old one signs too until `old_secret_until`.
    `public_key` verifies what a secret of kind `v1a` signs. `failing_since` is the first failure after the last
    success, `failures` how many there were since; until `held_until` nothing is sent."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (Index("ix_webhook_endpoints_account_id", "account_id", "id"),)

    url: Mapped[str]
    description: Mapped[str]
    types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    condition: Mapped[str] = mapped_column(default="", server_default="")
    ordering: Mapped[str] = mapped_column(default="none", server_default="none")
    enabled: Mapped[bool]
    disabled_reason: Mapped[str | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    held_until: Mapped[datetime | None]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[str | None]
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_secret_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @property
    def signing(self) -> Signing:
        return "v1" if self.public_key is None else "v1a"


class WebhookDelivery(Identified, AccountOwned, Base):
    """One event for one endpoint. `body` is set for test events only; all others are in the log under `sequence`.

    Of those with the same `order_key` one has a `next_attempt_at` at a time; `last_request` is its URL and headers."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_endpoint_id", "account_id", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_event_id", "account_id", "endpoint_id", "event_id"),
        Index(
            "ix_webhook_deliveries_order_key",
            "account_id",
            "endpoint_id",
            "order_key",
            "sequence",
            postgresql_where=text("order_key is not null and state = 'pending'"),
        ),
    )

    endpoint_id: Mapped[UUID]
    event_id: Mapped[UUID]
    event_type: Mapped[str]
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    order_key: Mapped[UUID | None]
    last_request: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None]
    last_response: Mapped[str | None]
    next_attempt_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
