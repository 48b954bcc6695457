"""Customers say how they like to be reached, may be restricted, and belong to companies."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    for column in (
        sa.Column("company_id", sa.Uuid),
        sa.Column("preferred_channel", sa.Text),
        sa.Column("restricted", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("customers", column, schema="customers")
    op.alter_column("customers", "restricted", server_default=None, schema="customers")
