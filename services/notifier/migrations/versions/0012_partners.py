"""Webhook endpoints sign by public keys too and filter by conditions; events are found by time."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SCHEMA = "notifier"


def upgrade() -> None:
    condition = sa.Column("condition", sa.Text, nullable=False, server_default="")
    op.add_column("webhook_endpoints", condition, schema=SCHEMA)
    op.add_column("webhook_endpoints", sa.Column("public_key", sa.Text), schema=SCHEMA)
    of_event = ["account_id", "endpoint_id", "event_id"]
    op.create_index("ix_webhook_deliveries_event_id", "webhook_deliveries", of_event, schema=SCHEMA)
    op.create_index("ix_events_time", "events", ["account_id", "time", "sequence"], schema=SCHEMA)
