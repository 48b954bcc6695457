"""Accounts that are written to by WhatsApp are known."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    used = sa.Column("uses_whatsapp", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("accounts", used, schema="notifier")
