"""Facts for each question, what was last heard of their feedback, and who is not to be computed on."""

import sqlalchemy as sa
from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0003"
down_revision = "0002"

SCHEMA = "metrics"
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    _facts()
    _heard()
    _people()
    sums = {"restricted": sa.Integer, "no_consent": sa.Integer, "index_sum": sa.Numeric, "index_squares": sa.Numeric}
    for name, kind in sums.items():
        op.add_column("rollups", sa.Column(name, kind, nullable=False, server_default="0"), schema=SCHEMA)


def _facts() -> None:
    op.add_column("facts", sa.Column("question", sa.Text, nullable=False, server_default=""), schema=SCHEMA)
    op.add_column("facts", sa.Column("index", sa.Numeric(7, 4)), schema=SCHEMA)
    op.add_column("facts", sa.Column("flaw", sa.Text), schema=SCHEMA)
    op.execute("update metrics.facts set flaw = exclusion where exclusion is not null")
    op.drop_constraint("pk_facts", "facts", schema=SCHEMA)
    op.create_primary_key("pk_facts", "facts", ["account_id", "feedback_id", "question"], schema=SCHEMA)
    end = ["occurred_at", "feedback_id", "question"]
    where = sa.text("exclusion is not null")
    op.drop_index("ix_facts_account_id_scheme_occurred_at", "facts", schema=SCHEMA)
    op.create_index("ix_facts_account_id_scheme_occurred_at", "facts", ["account_id", "scheme", *end], schema=SCHEMA)
    op.drop_index("ix_facts_excluded", "facts", schema=SCHEMA)
    columns = ["account_id", "scheme", "exclusion", *end]
    op.create_index("ix_facts_excluded", "facts", columns, schema=SCHEMA, postgresql_where=where)


def _heard() -> None:
    op.create_table(
        "heard",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("feedback_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "feedback_id", name="pk_heard"),
        schema=SCHEMA,
    )
    enable_row_security(op, SCHEMA, "heard")
    op.execute("insert into metrics.heard select distinct account_id, feedback_id, 1, false from metrics.facts")


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
        sa.Column("consent_id", sa.Uuid),
        sa.Column("granted", sa.Boolean),
        sa.Column("basis", sa.Text),
        sa.Column("effective_at", Timestamp),
        sa.Column("exclusion", sa.Text),
        sa.PrimaryKeyConstraint("account_id", "person_id", name="pk_people"),
        schema=SCHEMA,
    )
    op.create_index("ix_people_account_id_customer_id", "people", ["account_id", "customer_id"], schema=SCHEMA)
    enable_row_security(op, SCHEMA, "people")
    follow_aliases(op, SCHEMA, "people", present="customer_id", origin="origin_customer_id")
