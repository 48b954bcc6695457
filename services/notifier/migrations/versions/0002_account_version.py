"""Accounts can change; the newest version is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # The default stays: a notifier of the version before this one goes on adding accounts during an upgrade.
    op.add_column(
        "accounts", sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")), schema="notifier"
    )
