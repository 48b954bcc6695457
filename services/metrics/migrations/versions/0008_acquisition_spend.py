"""What was spent to win customers."""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import enable_row_security

revision = "0008"
down_revision = "0007"

SCHEMA = "metrics"
TABLE = "acquisition_spend"
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        *(sa.Column(name, sa.Date, nullable=False) for name in ("from_day", "to_day")),
        sa.Column("amount", sa.Numeric(18, 4), nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, Timestamp, nullable=False) for name in ("created_at", "updated_at")),
        sa.PrimaryKeyConstraint("id", name="pk_acquisition_spend"),
        sa.CheckConstraint("from_day < to_day", name="ck_acquisition_spend_days"),
        schema=SCHEMA,
    )
    columns = ["account_id", "from_day", "id"]
    op.create_index("ix_acquisition_spend_account_id_from_day", TABLE, columns, schema=SCHEMA)
    enable_row_security(op, SCHEMA, TABLE)
