"""What was told of tickets, and what it adds up to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSTZMULTIRANGE

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0006"
down_revision = "0005"

SCHEMA = "metrics"
Timestamp = sa.DateTime(timezone=True)
OWNED = ("ticket_steps", "ticket_facts")


def upgrade() -> None:
    _steps()
    _facts()
    _targets()
    enable_row_security(op, SCHEMA, *OWNED, "ticket_targets")
    where = sa.text("customer_id is not null")
    for table in OWNED:
        name = f"ix_{table}_account_id_customer_id"
        op.create_index(name, table, ["account_id", "customer_id"], schema=SCHEMA, postgresql_where=where)
        follow_aliases(op, SCHEMA, table, present="customer_id", origin="origin_customer_id")


def _steps() -> None:
    op.create_table(
        "ticket_steps",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", "event_id", name="pk_ticket_steps"),
        schema=SCHEMA,
    )
    op.create_index("ix_ticket_steps_account_id_at", "ticket_steps", ["account_id", "at"], schema=SCHEMA)


def _facts() -> None:
    moments = (
        *("first_reply_at", "first_resolved_at", "resolved_at", "reopened_at"),
        *("follow_up_at", "contacted_at", "re_measured_at"),
    )
    counts = ("replies", "reopenings", "escalations")
    numbers = ("first_reply_seconds", "resolution_seconds", "rating_before", "rating_after")
    op.create_table(
        "ticket_facts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        *(sa.Column(name, Timestamp, nullable=False) for name in ("opened_at", "awaited_from")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("channel", "priority", "handled_by")),
        *(sa.Column(name, sa.Uuid) for name in ("team_id", "assignee_id", "customer_id")),
        sa.Column("merged", sa.Boolean, nullable=False),
        *(sa.Column(name, Timestamp) for name in moments),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        *(sa.Column(name, sa.Integer) for name in numbers),
        sa.Column("open_during", TSTZMULTIRANGE, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", name="pk_ticket_facts"),
        schema=SCHEMA,
    )
    for moment in ("opened_at", "resolved_at", "first_reply_at"):
        columns = ["account_id", moment]
        op.create_index(f"ix_ticket_facts_account_id_{moment}", "ticket_facts", columns, schema=SCHEMA)


def _targets() -> None:
    op.create_table(
        "ticket_targets",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", "target", "due_at", name="pk_ticket_targets"),
        schema=SCHEMA,
    )
    op.create_index("ix_ticket_targets_account_id_due_at", "ticket_targets", ["account_id", "due_at"], schema=SCHEMA)
