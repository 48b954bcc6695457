"""Requests of people about their data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.rls import enable_row_security

revision = "0004"
down_revision = "0003"

Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "subject_requests",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("mode", sa.Text),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("customer_ids", ARRAY(sa.Uuid), nullable=False),
        sa.Column("customer_version", sa.Integer),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("requested_at", Timestamp, nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("export_expires_at", Timestamp),
        sa.Column("finished_at", Timestamp),
        sa.Column("receipt", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_subject_requests"),
        schema="gateway",
    )
    for column in ("id", "customer_id"):
        name = f"ix_subject_requests_account_id_{column}"
        op.create_index(name, "subject_requests", ["account_id", column], schema="gateway")
    op.create_table(
        "subject_request_parts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("done_at", Timestamp),
        sa.Column("records", JSONB, nullable=False),
        sa.Column("digest", sa.Text),
        sa.PrimaryKeyConstraint("request_id", "stage", "service", name="pk_subject_request_parts"),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["gateway.subject_requests.id"],
            name="fk_subject_request_parts_request_id_subject_requests",
        ),
        schema="gateway",
    )
    enable_row_security(op, "gateway", "subject_requests", "subject_request_parts")
