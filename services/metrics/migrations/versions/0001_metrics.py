"""Facts, their rollups, how far they reach, and what surveys are called."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migrations import create_kit_tables
from shared.db.rls import enable_row_security

revision = "0001"
down_revision = None

SCHEMA = "metrics"
Timestamp = sa.DateTime(timezone=True)
KEY = ["account_id", "scheme", "day", "channel", "touchpoint", "survey_id", "journey_stage", "minimum", "maximum"]
COUNTS = [*(f"s{score}" for score in range(11)), "incomplete", "no_rating", "outside_scale"]


def upgrade() -> None:
    create_kit_tables(op, SCHEMA)
    _facts()
    _rollups()
    _surveys()
    enable_row_security(op, SCHEMA, "facts", "watermarks", "rollups", "surveys")


def _facts() -> None:
    op.create_table(
        "facts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("feedback_id", sa.Uuid, nullable=False),
        sa.Column("occurred_at", Timestamp, nullable=False),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.Column("scheme", sa.Text, nullable=False),
        sa.Column("minimum", sa.SmallInteger),
        sa.Column("maximum", sa.SmallInteger),
        sa.Column("value", sa.Integer),
        sa.Column("points", sa.SmallInteger),
        sa.Column("exclusion", sa.Text),
        sa.Column("completed", sa.Boolean, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("touchpoint", sa.Text),
        sa.Column("journey_stage", sa.Text),
        sa.Column("survey_id", sa.Uuid),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("language", sa.Text),
        sa.Column("dimensions", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "feedback_id", name="pk_facts"),
        schema=SCHEMA,
    )
    columns = ["account_id", "scheme", "occurred_at", "feedback_id"]
    op.create_index("ix_facts_account_id_scheme_occurred_at", "facts", columns, schema=SCHEMA)
    # What does not count is seldom, and asked for by its reason.
    columns = ["account_id", "scheme", "exclusion", "occurred_at", "feedback_id"]
    where = sa.text("exclusion is not null")
    op.create_index("ix_facts_excluded", "facts", columns, schema=SCHEMA, postgresql_where=where)
    op.create_table(
        "watermarks",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_watermarks"),
        schema=SCHEMA,
    )


def _rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("scheme", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("touchpoint", sa.Text),
        sa.Column("survey_id", sa.Uuid),
        sa.Column("journey_stage", sa.Text),
        sa.Column("minimum", sa.SmallInteger),
        sa.Column("maximum", sa.SmallInteger),
        *(sa.Column(name, sa.Integer, nullable=False, server_default="0") for name in COUNTS),
        schema=SCHEMA,
    )
    op.create_index("uq_rollups_key", "rollups", KEY, unique=True, schema=SCHEMA, postgresql_nulls_not_distinct=True)
    # Today's cells are updated all the time: with room on their pages no index has to be touched.
    op.execute("alter table metrics.rollups set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05)")


def _surveys() -> None:
    op.create_table(
        "surveys",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("survey_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "survey_id", name="pk_surveys"),
        schema=SCHEMA,
    )
