"""What was exported of a person, and whom not to let in again."""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import enable_row_security
from shared.subjects.exports import create_exports

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    create_exports(op, "customers")
    op.create_table(
        "tombstones",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "kind", "digest", name="pk_tombstones"),
        schema="customers",
    )
    enable_row_security(op, "customers", "tombstones")
