"""Webhooks in order, a breaker for each endpoint, and what was sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0012"

SCHEMA = "notifier"


def upgrade() -> None:
    ordering = sa.Column("ordering", sa.Text, nullable=False, server_default="none")
    op.add_column("webhook_endpoints", ordering, schema=SCHEMA)
    failures = sa.Column("failures", sa.Integer, nullable=False, server_default="0")
    op.add_column("webhook_endpoints", failures, schema=SCHEMA)
    op.add_column("webhook_endpoints", sa.Column("held_until", sa.DateTime(timezone=True)), schema=SCHEMA)
    op.add_column("webhook_deliveries", sa.Column("order_key", sa.Uuid), schema=SCHEMA)
    op.add_column("webhook_deliveries", sa.Column("last_request", JSONB), schema=SCHEMA)
    op.create_index(
        "ix_webhook_deliveries_order_key",
        "webhook_deliveries",
        ["account_id", "endpoint_id", "order_key", "sequence"],
        schema=SCHEMA,
        postgresql_where=sa.text("order_key is not null and state = 'pending'"),
    )
