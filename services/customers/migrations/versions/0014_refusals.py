"""What was refused stays with the identities of people who are deleted."""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import enable_row_security

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("basis", sa.Text, nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "digest", "purpose", "channel", name="pk_refusals"),
        schema="customers",
    )
    enable_row_security(op, "customers", "refusals")
