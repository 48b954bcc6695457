"""What customers did, and by which rule they are customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0007"
down_revision = "0006"

SCHEMA = "metrics"
TABLE = "activities"


def upgrade() -> None:
    _activities()
    _policies()


def _activities() -> None:
    op.create_table(
        TABLE,
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("activity_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("amount", sa.Numeric(18, 4)),
        *(sa.Column(name, sa.Text) for name in ("currency", "source", "touchpoint")),
        sa.Column("customer_id", sa.Uuid),
        sa.PrimaryKeyConstraint("account_id", "activity_id", name="pk_activities"),
        schema=SCHEMA,
    )
    enable_row_security(op, SCHEMA, TABLE)
    follow_aliases(op, SCHEMA, TABLE, present="customer_id", origin="origin_customer_id")
    by_customer = ["account_id", "customer_id", "occurred_at"]
    where = sa.text("customer_id is not null")
    op.create_index("ix_activities_account_id_customer_id", TABLE, by_customer, schema=SCHEMA, postgresql_where=where)
    by_time = ["account_id", "occurred_at"]
    where = sa.text("not gone")
    op.create_index("ix_activities_account_id_occurred_at", TABLE, by_time, schema=SCHEMA, postgresql_where=where)


def _policies() -> None:
    op.create_table(
        "worth_policies",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_worth_policies"),
        schema=SCHEMA,
    )
    enable_row_security(op, SCHEMA, "worth_policies")
