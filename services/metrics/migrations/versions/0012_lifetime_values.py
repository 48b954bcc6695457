"""Models of lifetime values, and the queue of those that are to be fitted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.rls import enable_row_security
from shared.dispatch.tables import create_dispatches

revision = "0012"
down_revision = "0011"

SCHEMA = "metrics"
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_dispatches(op, SCHEMA)
    op.create_table(
        "lifetime_models",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("fit_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("requested_at", Timestamp, nullable=False),
        sa.Column("fitted_at", Timestamp),
        sa.Column("until", sa.Date),
        sa.Column("document", JSONB),
        sa.PrimaryKeyConstraint("account_id", name="pk_lifetime_models"),
        sa.CheckConstraint("state in ('waiting', 'ready', 'refused', 'failed')", name="ck_lifetime_models_state"),
        schema=SCHEMA,
    )
    op.create_table(
        "lifetime_values",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("repeats", sa.Integer, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("alive", sa.Numeric(9, 8), nullable=False),
        sa.Column("purchases", sa.Numeric(18, 6), nullable=False),
        *(sa.Column(name, sa.Numeric(18, 4), nullable=False) for name in ("spending", "revenue")),
        sa.PrimaryKeyConstraint("account_id", "person_id", name="pk_lifetime_values"),
        schema=SCHEMA,
    )
    columns = ["account_id", "revenue", "person_id"]
    op.create_index("ix_lifetime_values_account_id_revenue", "lifetime_values", columns, schema=SCHEMA)
    enable_row_security(op, SCHEMA, "lifetime_models", "lifetime_values")
