"""API keys that may be published: `pk_...`, for the pages of named origins."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    columns: tuple[sa.Column[Any], ...] = (
        sa.Column("kind", sa.Text, nullable=False, server_default=sa.text("'secret'")),
        sa.Column("public_key", sa.Text),
        sa.Column("origins", postgresql.ARRAY(sa.Text), nullable=False, server_default=sa.text("'{}'")),
        sa.Column("version", sa.Integer, nullable=False, server_default=sa.text("1")),
    )
    for column in columns:
        op.add_column("api_keys", column, schema="gateway")
