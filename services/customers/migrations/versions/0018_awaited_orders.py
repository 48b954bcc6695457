"""Reviews wait for the orders that they name."""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import enable_row_security

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "awaited_orders",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("sighting_id", sa.Uuid, nullable=False),
        sa.Column("order_key", sa.Text, nullable=False),
        sa.Column("handle", sa.Text),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "sighting_id", name="pk_awaited_orders"),
        schema="customers",
    )
    op.create_index("ix_awaited_orders_order_key", "awaited_orders", ["account_id", "order_key"], schema="customers")
    enable_row_security(op, "customers", "awaited_orders")
