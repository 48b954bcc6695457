"""Accounts can be changed, so they have a version."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # The default stays: a gateway of the version before this one goes on opening accounts during an upgrade.
    op.add_column(
        "accounts", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")), schema="gateway"
    )
