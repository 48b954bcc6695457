"""Experiments, and who is in which arm of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0013"
down_revision = "0012"

SCHEMA = "metrics"
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "experiments",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, Timestamp, nullable=False) for name in ("created_at", "updated_at")),
        *(sa.Column(name, Timestamp) for name in ("started_at", "stopped_at")),
        sa.PrimaryKeyConstraint("id", name="pk_experiments"),
        schema=SCHEMA,
    )
    columns = ["account_id", "created_at", "id"]
    op.create_index("ix_experiments_account_id_created_at", "experiments", columns, schema=SCHEMA)
    op.create_table(
        "assignments",
        *(sa.Column(name, sa.Uuid, nullable=False) for name in ("account_id", "experiment_id", "person_id")),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("assigned_at", Timestamp, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.PrimaryKeyConstraint("account_id", "experiment_id", "person_id", name="pk_assignments"),
        schema=SCHEMA,
    )
    columns = ["account_id", "customer_id", "experiment_id"]
    op.create_index("ix_assignments_account_id_customer_id", "assignments", columns, schema=SCHEMA)
    enable_row_security(op, SCHEMA, "experiments", "assignments")
    follow_aliases(op, SCHEMA, "assignments", present="customer_id", origin="origin_customer_id")
